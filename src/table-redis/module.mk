$(call table_module,redis,src/table-redis)
