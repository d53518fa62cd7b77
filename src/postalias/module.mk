$(call command,postalias,src/postalias src/postmap/common)
