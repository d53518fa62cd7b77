$(call daemon,proxymap,src/proxymap)
