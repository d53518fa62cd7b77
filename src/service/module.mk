$(call library,service,src/service src/service/map_tool)
