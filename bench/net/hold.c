/*
 * Holds idle HTTP/2 connections: what each costs the server is read from
 * outside. usage: bench-hold PORT COUNT PATH
 *
 * Opens COUNT connections, each with one GET of PATH behind it if PATH is
 * not "-", prints "held" and waits for a line on standard input. Then makes
 * GETS requests of /healthz one after another, each on a new connection
 * beside them, and prints the median and the longest, in microseconds.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "client.h"

enum { GETS = 200 };

static double now_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

/* Until the settings came, and the answers of all requests. */
static void wait_for(struct client *client)
{
    struct pollfd fd = {.fd = client->fd, .events = POLLIN};
    while (!client->has_settings || client->over_count < client->stream_count) {
        client_write(client);
        poll(&fd, 1, -1);
        client_read(client);
    }
    client_write(client); /* what is acknowledged */
    for (size_t i = 0; i < client->stream_count; i++)
        if (!client->streams[i].is_ok)
            fail("a request failed");
}

static struct client *get(unsigned port, const char *path)
{
    struct client *client = client_new(port, NULL, false);
    if (strcmp(path, "-") != 0)
        client_request(client, "GET", path, NULL, NULL, false);
    wait_for(client);
    return client;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    if (argc != 4)
        fail("usage: bench-hold PORT COUNT PATH");
    unsigned port = (unsigned)strtoul(argv[1], NULL, 10);
    size_t count = strtoul(argv[2], NULL, 10);
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    struct client **held = calloc(count, sizeof *held);
    if (!held)
        fail("out of memory");
    for (size_t i = 0; i < count; i++)
        held[i] = get(port, argv[3]);
    printf("held\n");
    fflush(stdout);
    if (getchar() == EOF)
        return 0;
    static double took[GETS];
    for (size_t i = 0; i < GETS; i++) {
        double start = now_us();
        client_free(get(port, "/healthz"));
        took[i] = now_us() - start;
    }
    qsort(took, GETS, sizeof *took, compare);
    printf("%.0f %.0f\n", took[GETS / 2], took[GETS - 1]);
    for (size_t i = 0; i < count; i++)
        client_free(held[i]);
    free(held);
    return 0;
}
