/* stderr under another name, for copies of libraries that are not position
 * independent where they name it. */
#include <stdio.h>

extern __attribute__((visibility("hidden"))) FILE *mf_bundled_stderr;
FILE *mf_bundled_stderr;

__attribute__((constructor)) static void set(void)
{
    mf_bundled_stderr = stderr;
}
