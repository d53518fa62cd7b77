$(call command,sendmail,src/sendmail)
