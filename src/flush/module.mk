$(call daemon,flush,src/flush)
