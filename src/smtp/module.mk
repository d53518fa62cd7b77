$(call daemon,smtp,src/smtp)
