# What is counted is an archive of its own, so that its tests can drive it with a played clock.
$(call library,counters,src/anvil/counters)
$(call daemon,anvil,src/anvil)
