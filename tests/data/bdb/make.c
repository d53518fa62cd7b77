/* Makes the files beside it with Berkeley DB: cc make.c -ldb && ./a.out */
#include <db.h>
#include <stdio.h>
#include <string.h>

static void
put(DB *db, const char *key, size_t key_len, const char *value, size_t value_len)
{
	DBT k = { .data = (void *)key, .size = (u_int32_t)key_len }, v = { .data = (void *)value, .size = (u_int32_t)value_len };

	db->put(db, NULL, &k, &v, 0);
}

static void
make(const char *name, DBTYPE type, int pairs, int delete, int long_ones)
{
	static char key[2001], value[5001];
	char path[64];
	DB *db;

	snprintf(path, sizeof(path), "%s.%s.db", name, type == DB_HASH ? "hash" : "btree");
	remove(path);
	db_create(&db, NULL, 0);
	db->set_pagesize(db, 512);
	db->open(db, NULL, path, NULL, type, DB_CREATE, 0644);
	for (int i = 0; i < pairs; i++) {
		snprintf(key, sizeof(key), "key %d", i);
		snprintf(value, sizeof(value), "value %d", i);
		put(db, key, strlen(key) + 1, value, strlen(value) + 1);
	}
	for (int i = 0; delete && i < pairs; i += 2) {
		DBT k = { .data = key };

		k.size = (u_int32_t)snprintf(key, sizeof(key), "key %d", i) + 1;
		db->del(db, NULL, &k, 0);
	}
	for (int i = 0; i < long_ones; i++)
		put(db, memset(key, 'k' + i, 2000), 2000, memset(value, 'v' + i, 5000), 5000);
	db->close(db, 0);
}

int
main(void)
{
	for (int i = 0; i < 2; i++) {
		DBTYPE type = i == 0 ? DB_HASH : DB_BTREE;

		make("empty", type, 0, 0, 0);
		make("small", type, 3, 0, 0);
		make("many", type, 500, 0, 0);
		make("deleted", type, 500, 1, 0);
		make("long", type, 0, 0, 2);
	}
	return 0;
}
