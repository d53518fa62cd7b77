# The access engine is an archive of its own, so that its tests can run lists without a server around them.
$(call library,access,src/smtpd/access)
$(call daemon,smtpd,src/smtpd)
