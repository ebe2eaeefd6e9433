/* The same benchmark on a bare epoll loop at both ends: the ceiling to compare with. */
#define _GNU_SOURCE
#include "closed_loop.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

enum { events_at_once = 1024, receive_bytes = 1 << 18, qt_default_backlog = 50 };

static struct sockaddr_un address_of(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        fail("the temporary directory's path is too long for a socket");
    strcpy(address.sun_path, path);
    return address;
}

static void watch(int epoll_fd, int operation, int fd, uint32_t events, void *owner)
{
    struct epoll_event event = {.events = events, .data.ptr = owner};
    if (epoll_ctl(epoll_fd, operation, fd, &event) != 0)
        fail("epoll_ctl failed");
}

/* Returns how much the kernel took, 0 when it is full, -1 when the peer is gone. */
static ssize_t send_some(int fd, const void *bytes, size_t length)
{
    ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
    return sent < 0 && errno == EAGAIN ? 0 : sent;
}

/* ---- server ---- */

struct guest {
    int fd;
    char *queue;
    size_t queued;
};

struct host {
    int epoll_fd;
    int listener;
    size_t guests;
    char buffer[receive_bytes];
};

static void admit_guest(struct host *host, int fd)
{
    struct guest *guest = calloc(1, sizeof *guest);
    if (guest == NULL)
        fail("no memory for a connection");
    guest->fd = fd;
    watch(host->epoll_fd, EPOLL_CTL_ADD, fd, EPOLLIN, guest);
    host->guests++;
}

/* All who wait, lest one be let in per turn while those inside keep the loop busy. */
static void admit_guests(struct host *host)
{
    int fd;
    while ((fd = accept4(host->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
        admit_guest(host, fd);
    if (errno != EAGAIN)
        fail("accept failed");
}

static void dismiss_guest(struct host *host, struct guest *guest)
{
    close(guest->fd);
    free(guest->queue);
    free(guest);
    host->guests--;
}

static void queue_rest(struct host *host, struct guest *guest, const char *rest, size_t length)
{
    guest->queue = malloc(length);
    if (guest->queue == NULL)
        fail("no memory for a queue");
    memcpy(guest->queue, rest, length);
    guest->queued = length;
    watch(host->epoll_fd, EPOLL_CTL_MOD, guest->fd, EPOLLOUT, guest);
}

static void echo_received(struct host *host, struct guest *guest)
{
    ssize_t received = recv(guest->fd, host->buffer, sizeof host->buffer, 0);
    ssize_t sent = received > 0 ? send_some(guest->fd, host->buffer, (size_t)received) : -1;
    if (sent < 0)
        dismiss_guest(host, guest);
    else if (sent < received)
        queue_rest(host, guest, host->buffer + sent, (size_t)(received - sent));
}

static void send_queued(struct host *host, struct guest *guest)
{
    ssize_t sent = send_some(guest->fd, guest->queue, guest->queued);
    if (sent < 0) {
        dismiss_guest(host, guest);
        return;
    }
    guest->queued -= (size_t)sent;
    memmove(guest->queue, guest->queue + sent, guest->queued);
    if (guest->queued == 0) {
        free(guest->queue);
        guest->queue = NULL;
        watch(host->epoll_fd, EPOLL_CTL_MOD, guest->fd, EPOLLIN, guest);
    }
}

static void serve_guest(struct host *host, struct guest *guest)
{
    if (guest->queued > 0)
        send_queued(host, guest);
    else
        echo_received(host, guest);
}

static void serve_guests(struct host *host, int quit_fd)
{
    struct epoll_event events[events_at_once];
    bool is_open = true;
    /* Clients close before the quit pipe or die with it: the last guest is sure to leave. */
    while (is_open || host->guests > 0) {
        int count = epoll_wait(host->epoll_fd, events, events_at_once, -1);
        for (int i = 0; i < count; i++) {
            void *owner = events[i].data.ptr;
            if (owner == host) {
                admit_guests(host);
            } else if (owner == NULL) {
                epoll_ctl(host->epoll_fd, EPOLL_CTL_DEL, quit_fd, NULL);
                is_open = false;
            } else {
                serve_guest(host, owner);
            }
        }
    }
}

static void serve(const char *path, int ready_fd, int quit_fd)
{
    struct host *host = calloc(1, sizeof *host);
    if (host == NULL)
        fail("no memory for the server");
    struct sockaddr_un address = address_of(path);
    host->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    host->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (bind(host->listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(host->listener, qt_default_backlog) != 0)
        fail("cannot listen");
    watch(host->epoll_fd, EPOLL_CTL_ADD, host->listener, EPOLLIN, host);
    watch(host->epoll_fd, EPOLL_CTL_ADD, quit_fd, EPOLLIN, NULL);
    tell_ready(ready_fd);
    serve_guests(host, quit_fd);
    close(host->listener);
    close(host->epoll_fd);
    free(host);
}

/* ---- clients ---- */

struct client {
    int fd;
    uint64_t sent;
    bool is_blocked;
    struct progress progress;
};

static void connect_client(struct client *client, const struct sockaddr_un *address)
{
    client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(client->fd, (const struct sockaddr *)address, sizeof *address) != 0)
        fail("cannot connect");
    fcntl(client->fd, F_SETFL, O_NONBLOCK);
}

static void send_due(struct run *run, struct client *client, int epoll_fd)
{
    size_t due = (size_t)(client->progress.received + run->options.chunk_bytes - client->sent);
    ssize_t sent = send_some(client->fd, stream_at(run, client->sent), due);
    if (sent < 0)
        fail("the server closed a connection");
    client->sent += (uint64_t)sent;
    bool is_blocked = (size_t)sent < due;
    if (is_blocked != client->is_blocked)
        watch(epoll_fd, EPOLL_CTL_MOD, client->fd, is_blocked ? EPOLLIN | EPOLLOUT : EPOLLIN,
              client);
    client->is_blocked = is_blocked;
}

static void bounce(struct run *run, struct client *client, uint32_t events, int epoll_fd,
                   char *buffer)
{
    if (events & ~(uint32_t)EPOLLOUT) {
        ssize_t received = recv(client->fd, buffer, receive_bytes, 0);
        if (received <= 0)
            fail("the server closed a connection");
        take_received(run, &client->progress, buffer, (size_t)received);
    }
    send_due(run, client, epoll_fd);
}

static int arm_timer(int epoll_fd, double seconds)
{
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    struct itimerspec end = {.it_value = {.tv_sec = (time_t)seconds}};
    end.it_value.tv_nsec = (long)((seconds - (double)end.it_value.tv_sec) * 1e9);
    if (timerfd_settime(timer, 0, &end, NULL) != 0)
        fail("cannot set the timer");
    watch(epoll_fd, EPOLL_CTL_ADD, timer, EPOLLIN, NULL);
    return timer;
}

static void bounce_until_finished(struct run *run, int epoll_fd)
{
    static char buffer[receive_bytes];
    struct epoll_event events[events_at_once];
    while (!is_finished(run)) {
        int count = epoll_wait(epoll_fd, events, events_at_once, -1);
        for (int i = 0; i < count && !is_finished(run); i++) {
            if (events[i].data.ptr == NULL)
                finish_run(run);
            else
                bounce(run, events[i].data.ptr, events[i].events, epoll_fd, buffer);
        }
    }
}

static void drive(struct run *run, const char *path)
{
    size_t count = run->options.connections;
    struct client *clients = calloc(count, sizeof *clients);
    if (clients == NULL)
        fail("no memory for the clients");
    struct sockaddr_un address = address_of(path);
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    for (size_t i = 0; i < count; i++) {
        connect_client(&clients[i], &address);
        watch(epoll_fd, EPOLL_CTL_ADD, clients[i].fd, EPOLLIN, &clients[i]);
    }
    begin_run(run);
    int timer = run->options.is_pingpong ? -1 : arm_timer(epoll_fd, run->options.seconds);
    for (size_t i = 0; i < count; i++) {
        begin_stream(&clients[i].progress);
        send_due(run, &clients[i], epoll_fd);
    }
    bounce_until_finished(run, epoll_fd);
    for (size_t i = 0; i < count; i++)
        close(clients[i].fd);
    if (timer >= 0)
        close(timer);
    close(epoll_fd);
    free(clients);
}

int main(int argc, char **argv)
{
    return run_benchmark(argc, argv, serve, drive);
}
