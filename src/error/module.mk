$(call daemon,error,src/error)
