/* Where this program lies, as the kernel tells. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "self.h"

static int self_path(char ret_path[PATH_MAX])
{
    ssize_t size = readlink("/proc/self/exe", ret_path, PATH_MAX - 1);

    if (size <= 0 || ret_path[0] != '/')
        return -1;
    ret_path[size] = '\0';
    return 0;
}

int self_folder(char ret_folder[PATH_MAX])
{
    if (self_path(ret_folder) < 0)
        return -1;
    *strrchr(ret_folder, '/') = '\0';
    return 0;
}

void self_name(char ret_name[PATH_MAX])
{
    char path[PATH_MAX], here[PATH_MAX];
    size_t size;

    snprintf(ret_name, PATH_MAX, "weft");
    if (self_path(path) < 0 || !getcwd(here, sizeof here))
        return;
    size = strlen(here);
    if (size > 1 && strncmp(path, here, size) == 0 && path[size] == '/' && strchr(path + size + 1, '/'))
        snprintf(ret_name, PATH_MAX, "%s", path + size + 1);
}
