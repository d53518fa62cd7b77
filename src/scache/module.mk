$(call daemon,scache,src/scache)
