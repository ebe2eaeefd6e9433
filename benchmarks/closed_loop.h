/* The part of the benchmark that qt_local_socket.cpp and epoll_echo.c share, so that they differ in
 * nothing but the way they wait and move bytes: options, byte streams and their checks, latencies,
 * the printed row, the server's life. */
#ifndef CLOSED_LOOP_H
#define CLOSED_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct run_options {
    bool is_pingpong;
    bool server_in_process;
    uint64_t connections;
    uint64_t chunk_bytes;
    double seconds;
    uint64_t round_trips;
};

/* One connection's place in its stream of chunks A, B, A, B, ... */
struct progress {
    uint64_t received;
    uint64_t round_trips;
    uint64_t chunk_sent_ns;
};

struct run {
    struct run_options options;
    unsigned char *pattern;
    uint64_t quota;
    uint64_t connections_below_quota;
    uint64_t bytes_received;
    uint64_t corrupted;
    uint64_t *latencies_ns;
    size_t latency_count;
    size_t latency_capacity;
    uint64_t started_ns;
    uint64_t finished_ns;
};

/* Listens on `path`, calls tell_ready(ready_fd), and echoes until `quit_fd` is at its end. */
typedef void serve_function(const char *path, int ready_fd, int quit_fd);

/* Connects, calls begin_run(), and drives every connection until is_finished(). */
typedef void drive_function(struct run *run, const char *path);

int run_benchmark(int argc, char **argv, serve_function *serve, drive_function *drive);

void tell_ready(int ready_fd);
void begin_run(struct run *run);
void finish_run(struct run *run);
bool is_finished(const struct run *run);

/* Starts the clock of the first chunk; to be called right before it is sent. */
void begin_stream(struct progress *progress);

/* The stream's bytes from `position` on: at least one chunk of them can be read there. */
const unsigned char *stream_at(const struct run *run, uint64_t position);

/* Checks and counts what came back; finishes the run when the last connection meets its quota. */
void take_received(struct run *run, struct progress *progress, const void *bytes, size_t length);

__attribute__((noreturn)) void fail(const char *message);

#ifdef __cplusplus
}
#endif

#endif
