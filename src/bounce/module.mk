$(call daemon,bounce,src/bounce)
