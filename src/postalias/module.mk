$(call command,postalias,src/postalias)
