#define _GNU_SOURCE
#include "closed_loop.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char usage[] =
    "exchange --connections N --chunk BYTES --seconds S --server thread|process\n"
    "pingpong --connections N --round-trips R --server thread|process";

static const uint64_t descriptors_to_spare = 64;

struct server {
    serve_function *serve;
    const char *path;
    int ready_fd;
    int quit_fd;
    int stop_fd;
    bool is_process;
    pid_t process;
    pthread_t thread;
};

static char server_directory[4096];
static char server_path[sizeof server_directory + sizeof "/socket"];

void fail(const char *message)
{
    fprintf(stderr, "%s: %s\n", program_invocation_short_name, message);
    exit(EXIT_FAILURE);
}

static void fail_with_errno(const char *action)
{
    fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, action, strerror(errno));
    exit(EXIT_FAILURE);
}

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* ---- options ---- */

static uint64_t positive_integer(const char *text)
{
    char *end;
    errno = 0;
    uint64_t value = strtoull(text, &end, 10);
    if (errno != 0 || *end != '\0' || *text == '-' || value == 0)
        fail("a count must be a whole number above zero");
    return value;
}

static double positive_seconds(const char *text)
{
    char *end;
    double value = strtod(text, &end);
    if (*end != '\0' || !(value > 0 && value < 86400))
        fail("--seconds must be above zero and below a day");
    return value;
}

static bool is_process_server(const char *text)
{
    if (strcmp(text, "process") != 0 && strcmp(text, "thread") != 0)
        fail("--server must be thread or process");
    return strcmp(text, "process") == 0;
}

static struct run_options parse_options(int argc, char **argv)
{
    static const struct option known[] = {
        {"connections", required_argument, NULL, 'n'},
        {"chunk", required_argument, NULL, 'c'},
        {"seconds", required_argument, NULL, 's'},
        {"round-trips", required_argument, NULL, 'r'},
        {"server", required_argument, NULL, 'k'},
        {NULL, 0, NULL, 0},
    };
    struct run_options options = {
        .connections = 1, .chunk_bytes = 1, .seconds = 2, .round_trips = 100000};
    int option;
    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (option) {
        case 'n': options.connections = positive_integer(optarg); break;
        case 'c': options.chunk_bytes = positive_integer(optarg); break;
        case 's': options.seconds = positive_seconds(optarg); break;
        case 'r': options.round_trips = positive_integer(optarg); break;
        case 'k': options.server_in_process = is_process_server(optarg); break;
        default: fail(usage);
        }
    }
    if (optind != argc - 1)
        fail(usage);
    options.is_pingpong = strcmp(argv[optind], "pingpong") == 0;
    if (!options.is_pingpong && strcmp(argv[optind], "exchange") != 0)
        fail(usage);
    if (options.is_pingpong)
        options.chunk_bytes = 1;
    return options;
}

/* ---- the run ---- */

/* A, B, A in a row, so that a chunk-long piece is in one place wherever in A or B it starts. */
static unsigned char *make_pattern(size_t chunk_bytes)
{
    unsigned char *pattern = calloc(3, chunk_bytes);
    if (pattern == NULL)
        fail_with_errno("pattern");
    uint32_t state = 2463534242u;
    for (size_t i = 0; i < chunk_bytes; i++) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        pattern[i] = (unsigned char)(state >> 8);
        /* Every byte of B differs from A's, so a chunk that comes twice or late shows. */
        pattern[chunk_bytes + i] = pattern[i] ^ (unsigned char)((state >> 16) | 1);
    }
    memcpy(pattern + 2 * chunk_bytes, pattern, chunk_bytes);
    return pattern;
}

static struct run make_run(struct run_options options)
{
    struct run run = {.options = options, .pattern = make_pattern(options.chunk_bytes)};
    run.quota = (options.round_trips + options.connections - 1) / options.connections;
    run.connections_below_quota = options.connections;
    return run;
}

void begin_run(struct run *run)
{
    run->started_ns = now_ns();
}

void finish_run(struct run *run)
{
    run->finished_ns = now_ns();
}

bool is_finished(const struct run *run)
{
    return run->finished_ns != 0;
}

void begin_stream(struct progress *progress)
{
    progress->chunk_sent_ns = now_ns();
}

const unsigned char *stream_at(const struct run *run, uint64_t position)
{
    return run->pattern + position % (2 * run->options.chunk_bytes);
}

static void record_latency(struct run *run, uint64_t latency_ns)
{
    if (run->latency_count == run->latency_capacity) {
        run->latency_capacity = run->latency_capacity ? 2 * run->latency_capacity : 1 << 16;
        run->latencies_ns = reallocarray(run->latencies_ns, run->latency_capacity,
                                         sizeof *run->latencies_ns);
        if (run->latencies_ns == NULL)
            fail_with_errno("latencies");
    }
    run->latencies_ns[run->latency_count++] = latency_ns;
}

/* A chunk's last byte leaves when the last byte of the chunk before it arrives, so a round trip is
 * the time between two such arrivals, however many pieces the chunk came in. */
static void end_round_trip(struct run *run, struct progress *progress)
{
    uint64_t now = now_ns();
    record_latency(run, now - progress->chunk_sent_ns);
    progress->chunk_sent_ns = now;
    progress->round_trips++;
    if (run->options.is_pingpong && progress->round_trips == run->quota &&
        --run->connections_below_quota == 0)
        finish_run(run);
}

void take_received(struct run *run, struct progress *progress, const void *bytes, size_t length)
{
    if (length > run->options.chunk_bytes)
        fail("more bytes came back than were sent");
    const unsigned char *received = bytes;
    const unsigned char *expected = stream_at(run, progress->received);
    if (memcmp(received, expected, length) != 0)
        for (size_t i = 0; i < length; i++)
            run->corrupted += received[i] != expected[i];
    run->bytes_received += length;
    uint64_t chunks_before = progress->received / run->options.chunk_bytes;
    progress->received += length;
    if (progress->received / run->options.chunk_bytes != chunks_before)
        end_round_trip(run, progress);
}

/* ---- the row ---- */

static int compare_latencies(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

static double percentile_us(const struct run *run, size_t percent)
{
    return (double)run->latencies_ns[(run->latency_count - 1) * percent / 100] / 1000;
}

static void print_row_head(const struct run_options *options)
{
    printf("{\"test\": \"%s\", \"server\": \"%s\", \"connections\": %llu, \"chunk_bytes\": %llu, ",
           options->is_pingpong ? "pingpong" : "exchange",
           options->server_in_process ? "process" : "thread",
           (unsigned long long)options->connections, (unsigned long long)options->chunk_bytes);
}

static void print_row(struct run *run)
{
    if (run->latency_count == 0)
        fail("no chunk came back in the given time");
    qsort(run->latencies_ns, run->latency_count, sizeof *run->latencies_ns, compare_latencies);
    const struct run_options *options = &run->options;
    double seconds = (double)(run->finished_ns - run->started_ns) / 1e9;
    /* What fast connections do in ping-pong while slow ones catch up is not progress. */
    double messages = options->is_pingpong
                          ? (double)options->round_trips
                          : (double)run->bytes_received / (double)options->chunk_bytes;
    print_row_head(options);
    printf("\"seconds\": %.6f, \"bytes_received\": %llu, \"messages_per_second\": %.1f, ", seconds,
           (unsigned long long)run->bytes_received, messages / seconds);
    printf("\"mib_per_second\": %.3f, \"corrupted\": %llu, \"p50_us\": %.2f, \"p99_us\": %.2f}\n",
           (double)run->bytes_received / 1048576 / seconds, (unsigned long long)run->corrupted,
           percentile_us(run, 50), percentile_us(run, 99));
}

static bool is_row_skipped(const struct run_options *options)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        fail_with_errno("getrlimit");
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        fail_with_errno("setrlimit");
    uint64_t needed =
        options->connections * (options->server_in_process ? 1 : 2) + descriptors_to_spare;
    if (needed <= limit.rlim_max)
        return false;
    print_row_head(options);
    printf("\"skipped\": \"needs %llu open files, this system allows %llu\"}\n",
           (unsigned long long)needed, (unsigned long long)limit.rlim_max);
    return true;
}

/* ---- the server's life ---- */

static void remove_server_directory(void)
{
    unlink(server_path);
    rmdir(server_directory);
}

static void make_server_directory(void)
{
    const char *parent = getenv("TMPDIR");
    snprintf(server_directory, sizeof server_directory, "%s/closed_loop.XXXXXX",
             parent != NULL && *parent != '\0' ? parent : "/tmp");
    if (mkdtemp(server_directory) == NULL)
        fail_with_errno(server_directory);
    snprintf(server_path, sizeof server_path, "%s/socket", server_directory);
    atexit(remove_server_directory);
}

void tell_ready(int ready_fd)
{
    if (write(ready_fd, "\n", 1) != 1)
        fail_with_errno("ready");
}

static void *serve_in_thread(void *argument)
{
    struct server *server = argument;
    server->serve(server->path, server->ready_fd, server->quit_fd);
    close(server->ready_fd);
    close(server->quit_fd);
    return NULL;
}

static void become_server(const struct server *server)
{
    static char serve_word[] = "serve";
    char *arguments[] = {program_invocation_short_name, serve_word, server_path, NULL};
    if (dup2(server->quit_fd, STDIN_FILENO) >= 0 && dup2(server->ready_fd, STDOUT_FILENO) >= 0)
        execv("/proc/self/exe", arguments);
    /* Not exit(): the directory is the parent's to remove. */
    _exit(EXIT_FAILURE);
}

static void start_server(struct server *server)
{
    int ready[2];
    int quit[2];
    if (pipe2(ready, O_CLOEXEC) != 0 || pipe2(quit, O_CLOEXEC) != 0)
        fail_with_errno("pipe");
    server->ready_fd = ready[1];
    server->quit_fd = quit[0];
    server->stop_fd = quit[1];
    if (server->is_process) {
        server->process = fork();
        if (server->process < 0)
            fail_with_errno("fork");
        if (server->process == 0)
            become_server(server);
        close(server->ready_fd);
        close(server->quit_fd);
    } else if ((errno = pthread_create(&server->thread, NULL, serve_in_thread, server)) != 0) {
        fail_with_errno("thread");
    }
    char byte;
    if (read(ready[0], &byte, 1) != 1)
        fail("the server did not start");
    close(ready[0]);
}

static void stop_server(struct server *server)
{
    close(server->stop_fd);
    int status = 0;
    if (server->is_process)
        waitpid(server->process, &status, 0);
    else
        pthread_join(server->thread, NULL);
    if (status != 0)
        fail("the server ended with an error");
}

int run_benchmark(int argc, char **argv, serve_function *serve, drive_function *drive)
{
    if (argc == 3 && strcmp(argv[1], "serve") == 0) {
        serve(argv[2], STDOUT_FILENO, STDIN_FILENO);
        return EXIT_SUCCESS;
    }
    struct run_options options = parse_options(argc, argv);
    if (is_row_skipped(&options))
        return EXIT_SUCCESS;
    make_server_directory();
    struct server server = {
        .serve = serve, .path = server_path, .is_process = options.server_in_process};
    start_server(&server);
    struct run run = make_run(options);
    drive(&run, server_path);
    stop_server(&server);
    print_row(&run);
    free(run.latencies_ns);
    free(run.pattern);
    return run.corrupted == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
