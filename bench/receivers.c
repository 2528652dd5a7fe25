/* Many WebSocket subscribers in one thread, so that the receiver is not what is measured.
 *
 *   receivers PORT PATH SUBSCRIBERS [-d] [-c CONTROL] [-r FRAMES] [-t HELLO]...
 *
 * -d offers permessage-deflate; -c opens one more socket at this path, on which the server is told
 * to publish; -t is a text that every subscriber sends first, -r how many frames it then waits for.
 * Prints "ready", then answers each line of standard input with a line of JSON:
 *
 *   flood SECONDS WINDOW COMMAND FRAMES   keep WINDOW publications on their way: as fast as it goes
 *   pace SECONDS RATE COMMAND FRAMES      RATE publications a second, whatever comes back
 *   watch SECONDS                         publish nothing
 *
 * A publication is FRAMES frames to each subscriber. Frames come in order, so the n-th frame of a
 * subscriber tells which publication it belongs to: latency is from sending COMMAND to the read that
 * ends the frame, on one clock. Knows RFC 6455's framing; inflates nothing.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, EVENTS = 512, MOST_PUBLICATIONS = 1 << 20, BUCKETS = 2000000 };
static const double WARM_SECONDS = 0.3, DRAIN_SECONDS = 10;

struct subscriber {
    int fd, have, need; /* of the header */
    unsigned char head[10];
    uint64_t left; /* of the payload */
    uint64_t frames, base;
    int is_open;
};

static struct subscriber *subscribers;
static int count, control = -1, poller, per_publication = 1, deflate, closed;
static uint64_t frames, deflated, bytes, published;
static double *sent_at;
static uint32_t *buckets; /* of one microsecond */
static uint64_t latencies;
static int is_measuring;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static double cpu(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return u.ru_utime.tv_sec + u.ru_stime.tv_sec + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void die(const char *what) {
    fprintf(stderr, "receivers: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void send_all(int fd, const void *data, size_t size) {
    const char *at = data;
    while (size) {
        ssize_t n = send(fd, at, size, MSG_NOSIGNAL);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            usleep(100);
            continue;
        }
        if (n < 0) die("send");
        at += n;
        size -= n;
    }
}

static void send_frame(int fd, int opcode, const char *payload, size_t size) {
    unsigned char frame[8 + 65536] = {0x80 | opcode};
    size_t at = 2;
    if (size > 65535) die("a text is too long");
    if (size < 126) {
        frame[1] = 0x80 | size;
    } else {
        frame[1] = 0x80 | 126;
        frame[2] = size >> 8;
        frame[3] = size & 255;
        at = 4;
    }
    at += 4; /* a mask of zeros */
    memcpy(frame + at, payload, size);
    send_all(fd, frame, at + size);
}

static int start_connection(int port, const char *path) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    if (fd < 0) die("socket");
    if (connect(fd, (struct sockaddr *)&address, sizeof address)) die("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    char request[1024];
    int size = snprintf(
        request, sizeof request,
        "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n",
        path, port,
        deflate ? "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n" : "");
    send_all(fd, request, size);
    return fd;
}

static void finish_connection(int fd) {
    char answer[4096];
    int size = 0;
    do { /* byte by byte: what follows the head is frames */
        if (size == sizeof answer - 1 || recv(fd, answer + size, 1, 0) != 1) die("handshake");
        answer[++size] = 0;
    } while (size < 4 || memcmp(answer + size - 4, "\r\n\r\n", 4));
    if (!strstr(answer, " 101 ")) {
        fprintf(stderr, "receivers: refused: %s\n", answer);
        exit(1);
    }
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static void watch_socket(int fd, void *who) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = who};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event)) die("epoll_ctl");
}

static void end_frame(struct subscriber *one, double moment) {
    int opcode = one->head[0] & 15;
    one->have = 0;
    one->need = 2;
    if (opcode == 9) send_frame(one->fd, 10, "", 0); /* a pong */
    if (opcode > 2) return;
    frames++;
    if (one->head[0] & 0x40) deflated++;
    uint64_t which = (one->frames++ - one->base) / per_publication;
    if (is_measuring && which < published) {
        double micros = (moment - sent_at[which]) * 1e6;
        buckets[micros < BUCKETS - 1 ? (uint32_t)micros : BUCKETS - 1]++;
        latencies++;
    }
}

static void take(struct subscriber *one, const unsigned char *data, ssize_t size, double moment) {
    bytes += size;
    while (size) {
        if (one->have == one->need) { /* inside the payload */
            uint64_t step = one->left < (uint64_t)size ? one->left : (uint64_t)size;
            one->left -= step;
            data += step;
            size -= step;
        } else {
            one->head[one->have++] = *data++;
            size--;
            if (one->have == 2) {
                int length = one->head[1] & 127;
                one->need = length == 126 ? 4 : length == 127 ? 10 : 2;
            }
            if (one->have < one->need) continue;
            one->left = one->need == 2 ? one->head[1] & 127 : 0;
            for (int i = 2; i < one->need; i++) one->left = one->left << 8 | one->head[i];
        }
        if (!one->left) end_frame(one, moment);
    }
}

static void read_once(int timeout_ms) {
    static unsigned char buffer[1 << 18];
    static struct epoll_event events[EVENTS];
    int found = epoll_wait(poller, events, EVENTS, timeout_ms);
    for (int i = 0; i < found; i++) {
        struct subscriber *one = events[i].data.ptr;
        ssize_t size = recv(one->fd, buffer, sizeof buffer, 0);
        if (size < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        if (size <= 0) {
            if (one->is_open) closed++;
            one->is_open = 0;
            epoll_ctl(poller, EPOLL_CTL_DEL, one->fd, NULL);
            continue;
        }
        if (one == &subscribers[count]) continue; /* what the control socket is answered */
        take(one, buffer, size, now());
    }
}

static void publish(const char *command) {
    if (published == MOST_PUBLICATIONS) die("too many publications");
    sent_at[published++] = now();
    send_frame(control, 1, command, strlen(command));
}

static double quantile(double share) {
    uint64_t seen = 0, wanted = share * latencies;
    for (int i = 0; i < BUCKETS; i++)
        if ((seen += buckets[i]) > wanted) return i / 1e3;
    return 0;
}

static void measure(double seconds, int window, double rate, const char *command) {
    uint64_t start = frames, start_deflated = deflated;
    published = latencies = 0;
    memset(buckets, 0, BUCKETS * sizeof *buckets);
    for (int i = 0; i < count; i++) subscribers[i].base = subscribers[i].frames;
    double began = now(), from = began + WARM_SECONDS, until = from + seconds, cpu_from = 0, moment;
    uint64_t frames_from = 0, bytes_from = 0;
    is_measuring = 0;
    while ((moment = now()) < until) {
        if (!is_measuring && moment >= from) {
            is_measuring = 1;
            frames_from = frames, bytes_from = bytes, cpu_from = cpu(), from = moment;
        }
        int wait_ms = 1;
        if (window) {
            uint64_t back = (frames - start) / ((uint64_t)count * per_publication);
            while (published < back + window) publish(command);
            wait_ms = 50;
        } else if (rate) {
            while (began + published / rate <= moment) publish(command);
        }
        read_once(wait_ms);
    }
    double measured = now() - from, spent = cpu() - cpu_from;
    uint64_t got = frames - frames_from, got_bytes = bytes - bytes_from;
    uint64_t expected = start + published * per_publication * count;
    for (double end = now() + DRAIN_SECONDS; published && frames < expected && now() < end;)
        read_once(10);
    is_measuring = 0;
    printf("{\"frames\": %lu, \"bytes\": %lu, \"seconds\": %.4f, \"cpu\": %.4f, \"closed\": %d, "
           "\"deflated\": %.3f, \"published\": %lu, \"lost\": %ld, \"p50\": %.3f, \"p99\": %.3f}\n",
           got, got_bytes, measured, spent, closed,
           frames > start ? (double)(deflated - start_deflated) / (frames - start) : 0, published,
           published ? (long)(expected - frames) : 0, quantile(0.5), quantile(0.99));
    fflush(stdout);
}

int main(int argc, char **argv) {
    const char *hello[8], *control_path = NULL;
    int hellos = 0, await_frames = 0, option;
    while ((option = getopt(argc, argv, "dc:r:t:")) != -1) {
        if (option == 'd') deflate = 1;
        if (option == 'c') control_path = optarg;
        if (option == 'r') await_frames = atoi(optarg);
        if (option == 't' && hellos < 8) hello[hellos++] = optarg;
    }
    if (argc - optind != 3) {
        fprintf(stderr, "receivers [-d] [-c CONTROL] [-r FRAMES] [-t HELLO] PORT PATH SUBSCRIBERS\n");
        return 2;
    }
    int port = atoi(argv[optind]);
    const char *path = argv[optind + 1];
    count = atoi(argv[optind + 2]);
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < (rlim_t)count + 64) {
        fprintf(stderr, "receivers: %d sockets want a descriptor limit of %d; the hard limit is %lu\n",
                count, count + 64, (unsigned long)limit.rlim_max);
        return 3;
    }
    subscribers = calloc(count + 1, sizeof *subscribers);
    sent_at = calloc(MOST_PUBLICATIONS, sizeof *sent_at);
    buckets = calloc(BUCKETS, sizeof *buckets);
    poller = epoll_create1(0);
    for (int from = 0; from < count; from += BATCH) {
        int until = from + BATCH < count ? from + BATCH : count;
        for (int i = from; i < until; i++) subscribers[i].fd = start_connection(port, path);
        for (int i = from; i < until; i++) {
            struct subscriber *one = &subscribers[i];
            finish_connection(one->fd);
            one->need = 2;
            one->is_open = 1;
            watch_socket(one->fd, one);
            for (int n = 0; n < hellos; n++) send_frame(one->fd, 1, hello[n], strlen(hello[n]));
        }
        while (frames < (uint64_t)until * await_frames) read_once(100);
    }
    if (control_path) {
        subscribers[count].fd = control = start_connection(port, control_path);
        finish_connection(control);
        watch_socket(control, &subscribers[count]);
    }
    printf("ready\n");
    fflush(stdout);
    char line[256], command[64];
    while (fgets(line, sizeof line, stdin)) {
        double seconds, rate;
        int window;
        per_publication = 1;
        if (sscanf(line, "flood %lf %d %63s %d", &seconds, &window, command, &per_publication) == 4)
            measure(seconds, window, 0, command);
        else if (sscanf(line, "pace %lf %lf %63s %d", &seconds, &rate, command, &per_publication) == 4)
            measure(seconds, 0, rate, command);
        else if (sscanf(line, "watch %lf", &seconds) == 1)
            measure(seconds, 0, 0, NULL);
        else
            return 2;
    }
    return 0;
}
