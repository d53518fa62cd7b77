$(call table_module,pgsql,src/table-pgsql)
