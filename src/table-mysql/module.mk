$(call table_module,mysql,src/table-mysql)
