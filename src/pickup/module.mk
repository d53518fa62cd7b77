$(call daemon,pickup,src/pickup)
