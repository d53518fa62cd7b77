$(call table_module,mongodb,src/table-mongodb)
