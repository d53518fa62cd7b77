# The scheduler does no I/O and is an archive of its own, so that its tests can drive it with a played clock.
$(call library,schedule,src/qmgr/schedule)
$(call daemon,qmgr,src/qmgr)
