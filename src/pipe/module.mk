$(call daemon,pipe,src/pipe)
