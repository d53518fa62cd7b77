$(call table_module,sqlite,src/table-sqlite)
