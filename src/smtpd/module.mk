$(call daemon,smtpd,src/smtpd src/smtpd/access)
