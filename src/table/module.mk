$(call library,table,src/table)
