$(call daemon,showq,src/showq)
