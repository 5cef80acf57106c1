/* Two hundred tasks in SQLite: unmodified calls that block, each with a connection of its own to one database file. */
/* needs: sqlite3 */
/* SQLite waits for locks and for the disk in the kernel and knows nothing of tasks. It need not: a task that blocks
 * keeps its thread, and the worker goes on with the others.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <weft.h>

enum { TASKS = 200 };

static int run_sql(sqlite3 *db, const char *sql, int (*row)(void *, int, char **, char **), void *argument)
{
    char *message = NULL;
    int rc = sqlite3_exec(db, sql, row, argument, &message);

    if (rc != SQLITE_OK)
        fprintf(stderr, "sqlite: %s\n", message ? message : sqlite3_errstr(rc));
    sqlite3_free(message);
    return rc == SQLITE_OK ? 0 : -1;
}

/* Opens the file, runs one statement, closes it. Other connections' locks are waited for. */
static int with_database(const char *file, const char *sql, int (*row)(void *, int, char **, char **), void *argument)
{
    sqlite3 *db;
    int rc = -1;

    if (sqlite3_open(file, &db) == SQLITE_OK) {
        sqlite3_busy_timeout(db, 60000);
        rc = run_sql(db, "PRAGMA synchronous = OFF", NULL, NULL);
        rc = rc ? rc : run_sql(db, sql, row, argument);
    }
    sqlite3_close(db);
    return rc;
}

struct insert {
    const char *file;
    int number;
};
static int insert(struct insert *self)
{
    char sql[64];

    snprintf(sql, sizeof sql, "INSERT INTO numbers VALUES (%d)", self->number);
    return with_database(self->file, sql, NULL, NULL);
}

static int print_row(void *argument, int columns, char **values, char **names)
{
    (void)argument, (void)columns, (void)names;
    printf("%s rows, their sum is %s\n", values[0], values[1]);
    return 0;
}

struct demo {
    const char *file;
};
static int demo(struct demo *self)
{
    weft_scope scope;
    int rc = with_database(self->file, "PRAGMA journal_mode = WAL; CREATE TABLE numbers (n)", NULL, NULL);

    if (rc < 0)
        return rc;
    weft_scope_open(&scope);
    for (int i = 0; i < TASKS; i++)
        weft_go(&scope, insert, .file = self->file, .number = i + 1);
    rc = weft_scope_close(&scope);
    return rc < 0 ? rc : with_database(self->file, "SELECT count(*), sum(n) FROM numbers", print_row, NULL);
}

int main(void)
{
    char folder[] = "/tmp/weft-sqlite-XXXXXX", file[64];
    int rc;

    if (!mkdtemp(folder))
        return 1;
    snprintf(file, sizeof file, "%s/numbers.db", folder);
    rc = weft_main(demo, .file = file);
    unlink(file); /* the files beside it went with the last connection */
    rmdir(folder);
    return rc;
}
