/* Runs a fuzz target over every file of a corpus folder, and every prefix of
 * the small ones. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PREFIX_MAX_LEN = 2048 };

/* A copy of exactly `len` bytes, so that ASan sees a read past its end. */
static void run(const uint8_t *data, size_t len)
{
    uint8_t *copy = malloc(len ? len : 1);
    if (!copy)
        abort();
    for (size_t i = 0; i < len; i++)
        copy[i] = data[i];
    LLVMFuzzerTestOneInput(copy, len);
    free(copy);
}

static int run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return -1;
    static uint8_t data[1 << 20];
    size_t len = fread(data, 1, sizeof data, file);
    fclose(file);
    run(data, len);
    for (size_t cut = 0; len <= PREFIX_MAX_LEN && cut < len; cut++)
        run(data, cut);
    return 0;
}

int main(int argc, char **argv)
{
    DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
    if (!dir) {
        fprintf(stderr, "usage: %s CORPUS-FOLDER\n", argv[0]);
        return 2;
    }
    int count = 0;
    for (struct dirent *entry; (entry = readdir(dir));) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
        if (entry->d_name[0] != '.' && run_file(path) == 0)
            count++;
    }
    closedir(dir);
    printf("%d inputs\n", count);
    return count > 0 ? 0 : 1;
}
