# The keys are an archive of their own, so that their tests can drive them with a played clock.
$(call library,tickets,src/tlsmgr/tickets)
$(call daemon,tlsmgr,src/tlsmgr)
