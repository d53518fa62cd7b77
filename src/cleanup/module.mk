$(call daemon,cleanup,src/cleanup)
