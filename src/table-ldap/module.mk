$(call table_module,ldap,src/table-ldap)
