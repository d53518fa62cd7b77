$(call daemon,local,src/local)
