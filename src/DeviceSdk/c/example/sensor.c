/*
 * A gateway or sensor on a POSIX system: reads payloads from standard input, a line of hexadecimal each, proves each to the network and ends when
 * input has ended and every proof is certified. It may be killed at any moment and started again: sequences and proofs are in the state file.
 *
 *     cc -std=c99 -I.. sensor.c ../depin_*.c -lsodium -o sensor
 *     sensor DEVICE.CONF CLASS SCHEMA [NETWORK-TIME-MS]
 *
 * The configuration has a line for each thing:
 *     network  NETWORK-ID
 *     key      FILE            64 hexadecimal digits, an Ed25519 seed (depin device keygen --type ed25519 writes it)
 *     state    FILE            made when it is not there
 *     operator ADDRESS PROTOCOL-KEY HOST PORT
 *     batch    PROOFS          most of one request; 16 where it is left out, and with 1 requests are JSON
 *
 * Plain HTTP, for a local operator or a proxy that adds TLS. The time is the system's; a network that runs at another speed wants it given.
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netdb.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "depin_device.h"
#include "depin_sodium.h"

#define MOST_PAYLOAD 512u
#define SLOTS 64u
#define PLACE 4096 /* the two sequence records lie in sectors of their own: a write that tears one leaves the other */

/* The state file. Each device has its own; two programs must never share one. */
typedef struct state {
    uint8_t places[2][PLACE];
    depin_slot slots[SLOTS];
    uint8_t bytes[SLOTS * DEPIN_SLOT_BYTES(MOST_PAYLOAD)];
} state;

typedef struct endpoint {
    char host[256];
    char port[8];
} endpoint;

static depin_queue queue;
static depin_sequence sequence;
static depin_operator operators[DEPIN_MAX_OPERATORS];
static endpoint endpoints[DEPIN_MAX_OPERATORS];
static depin_sodium_key key;
static state *kept;
static size_t batch = DEPIN_MAX_BATCH;

static void die(const char *format, ...)
{
    va_list rest;
    va_start(rest, format);
    fputs("sensor: ", stderr);
    vfprintf(stderr, format, rest);
    fputc('\n', stderr);
    va_end(rest);
    exit(1);
}

static size_t from_hex(const char *text, uint8_t *out, size_t capacity)
{
    size_t length = 0;
    unsigned byte;
    if (strncmp(text, "0x", 2) == 0) text += 2;
    for (; *text > ' '; text += 2) {
        if (length == capacity || sscanf(text, "%2x", &byte) != 1 || text[1] <= ' ') die("not hexadecimal, or too long: %s", text);
        out[length++] = (uint8_t)byte;
    }
    return length;
}

static void from_hex_exactly(const char *text, uint8_t *out, size_t length)
{
    if (from_hex(text, out, length) != length) die("%zu bytes in hexadecimal were expected: %s", length, text);
}

/* ---- sequences ---- */

static int load(void *context, uint64_t *reserved)
{
    int overwrite;
    (void)context;
    return depin_record_pick(kept->places[0], kept->places[1], reserved, &overwrite) == DEPIN_OK ? 0 : -1;
}

static int store(void *context, uint64_t reserved)
{
    uint64_t before;
    int overwrite;
    (void)context;
    if (depin_record_pick(kept->places[0], kept->places[1], &before, &overwrite) != DEPIN_OK) return -1;
    depin_record_make(reserved, kept->places[overwrite]);
    return msync(kept, sizeof *kept, MS_SYNC); /* durable before any of these sequences is used */
}

static void open_state(const char *path)
{
    int file = open(path, O_RDWR | O_CREAT, 0600);
    struct flock lock;
    memset(&lock, 0, sizeof lock);
    lock.l_type = F_WRLCK;
    if (file < 0 || ftruncate(file, sizeof(state)) != 0) die("%s: %s", path, strerror(errno));
    if (fcntl(file, F_SETLK, &lock) != 0) die("%s is in use by another program", path);
    kept = mmap(NULL, sizeof(state), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (kept == MAP_FAILED) die("%s: %s", path, strerror(errno));
}

static void read_configuration(const char *path)
{
    static char line[1024], what[16], a[512], b[512], host[256], port[8];
    uint8_t public_key[32], seed[32];
    int has_key = 0;
    FILE *file = fopen(path, "r");
    if (file == NULL) die("%s: %s", path, strerror(errno));
    while (fgets(line, sizeof line, file) != NULL) {
        int words = sscanf(line, "%15s %511s %511s %255s %7s", what, a, b, host, port);
        if (words == 2 && strcmp(what, "network") == 0) {
            from_hex_exactly(a, queue.network, 32);
        } else if (words == 2 && strcmp(what, "key") == 0) {
            char digits[80] = "";
            FILE *key_file = fopen(a, "r");
            if (key_file == NULL || fgets(digits, sizeof digits, key_file) == NULL) die("%s: %s", a, strerror(errno));
            fclose(key_file);
            digits[64] = 0;
            from_hex_exactly(digits, seed, 32);
            if (depin_sodium_open(&key, seed, public_key) != 0) die("libsodium does not work");
            depin_device_id(3, public_key, 32, queue.device);
            memset(seed, 0, sizeof seed);
            has_key = 1;
        } else if (words == 2 && strcmp(what, "batch") == 0) {
            batch = (size_t)strtoul(a, NULL, 10);
        } else if (words == 2 && strcmp(what, "state") == 0) {
            open_state(a);
        } else if (words == 5 && strcmp(what, "operator") == 0 && queue.operator_count < DEPIN_MAX_OPERATORS) {
            size_t i = queue.operator_count++;
            from_hex_exactly(a, operators[i].address, 20);
            from_hex_exactly(b, operators[i].key, 32);
            strcpy(endpoints[i].host, host);
            strcpy(endpoints[i].port, port);
            operators[i].user = &endpoints[i];
        } else if (words > 0 && what[0] != '#') {
            die("%s: this line says nothing known: %s", path, line);
        }
    }
    fclose(file);
    if (!has_key || kept == NULL || queue.operator_count == 0) die("%s: network, key, state and operators are needed", path);
}

/* ---- HTTP ---- */

static int dial(const endpoint *to)
{
    struct addrinfo hints, *found, *each;
    struct timeval patience = { 30, 0 };
    int handle = -1;
    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
    if (getaddrinfo(to->host, to->port, &hints, &found) != 0) return -1;
    for (each = found; each != NULL && handle < 0; each = each->ai_next) {
        handle = socket(each->ai_family, each->ai_socktype, each->ai_protocol);
        if (handle < 0) continue;
        setsockopt(handle, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        setsockopt(handle, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        if (connect(handle, each->ai_addr, each->ai_addrlen) != 0) {
            close(handle);
            handle = -1;
        }
    }
    freeaddrinfo(found);
    return handle;
}

static int send_all(int handle, const void *data, size_t length)
{
    const uint8_t *at = data;
    while (length > 0) {
        ssize_t sent = send(handle, at, length, MSG_NOSIGNAL);
        if (sent <= 0) return -1;
        at += sent;
        length -= (size_t)sent;
    }
    return 0;
}

/* One request of HTTP 1.0, whose answer ends with the connection. Returns the status, 0 when there is none. */
static int post(const depin_work *work, const uint8_t *body, size_t length, char *answer, size_t capacity, uint8_t **answer_body, size_t *answer_length, uint32_t *retry_after)
{
    const endpoint *to = operators[work->to].user;
    char head[512];
    char *end, *line;
    size_t read = 0;
    ssize_t got;
    int status = 0, handle = dial(to);
    *retry_after = 0;
    *answer_length = 0;
    *answer_body = (uint8_t *)answer;
    if (handle < 0) return 0;
    snprintf(head, sizeof head, "POST %s HTTP/1.0\r\nHost: %s:%s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n", work->path, to->host, to->port, work->content_type, length);
    if (send_all(handle, head, strlen(head)) == 0 && send_all(handle, body, length) == 0) {
        while (read < capacity - 1 && (got = recv(handle, answer + read, capacity - 1 - read, 0)) > 0) read += (size_t)got;
    }
    close(handle);
    answer[read] = 0;
    end = strstr(answer, "\r\n\r\n");
    if (end == NULL || sscanf(answer, "HTTP/1.%*d %d", &status) != 1) return 0;
    *end = 0;
    for (line = strchr(answer, '\n'); line != NULL; line = strchr(line + 1, '\n')) {
        if (sscanf(line + 1, "Retry-After: %" SCNu32, retry_after) == 1) break;
    }
    *answer_body = (uint8_t *)end + 4;
    *answer_length = read - (size_t)((char *)*answer_body - answer);
    return status;
}

/* ---- the loop ---- */

static uint64_t milliseconds(clockid_t which)
{
    struct timespec now;
    clock_gettime(which, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

/* Waits for a line of input, at most `wait` ms. 1 = there is one, 0 = none yet, -1 = input has ended. */
static int read_line(char *line, size_t capacity, uint64_t wait)
{
    static char buffer[8192];
    static size_t filled;
    for (;;) {
        struct pollfd input = { STDIN_FILENO, POLLIN, 0 };
        char *end = memchr(buffer, '\n', filled);
        ssize_t got;
        if (end != NULL) {
            size_t length = (size_t)(end - buffer);
            if (length >= capacity) die("a line of input is too long");
            memcpy(line, buffer, length);
            line[length] = 0;
            filled -= length + 1;
            memmove(buffer, end + 1, filled);
            return 1;
        }
        if (filled == sizeof buffer) die("a line of input is too long");
        if (poll(&input, 1, wait > 1000 ? 1000 : (int)wait) <= 0) return 0;
        got = read(STDIN_FILENO, buffer + filled, sizeof buffer - filled);
        if (got <= 0) return -1;
        filled += (size_t)got;
    }
}

int main(int count, char **arguments)
{
    static uint8_t body[DEPIN_BATCH_BYTES(MOST_PAYLOAD, DEPIN_MAX_BATCH)], payload[MOST_PAYLOAD];
    static char answer[16384], line[2 * MOST_PAYLOAD + 1];
    uint64_t start = milliseconds(CLOCK_MONOTONIC), network_start;
    depin_error error;
    int more = 1;
    if (count < 4) die("DEVICE.CONF CLASS SCHEMA [NETWORK-TIME-MS] are wanted");
    read_configuration(arguments[1]);
    network_start = count > 4 ? strtoull(arguments[4], NULL, 10) : milliseconds(CLOCK_REALTIME);

    sequence.load = load;
    sequence.store = store;
    sequence.block = 64;
    queue.sequence = &sequence;
    queue.sign = depin_sodium_sign;
    queue.sign_context = &key;
    queue.verify = depin_sodium_verify;
    queue.operators = operators;
    queue.slots = kept->slots;
    queue.slot_count = SLOTS;
    queue.bytes = kept->bytes;
    queue.stride = DEPIN_SLOT_BYTES(MOST_PAYLOAD);
    error = depin_queue_open(&queue);
    if (error != DEPIN_OK) die("the queue cannot be opened: error %d", (int)error);
    if (depin_queue_kept(&queue) > 0) fprintf(stderr, "sensor: %zu proofs from before are sent again\n", depin_queue_kept(&queue));

    while (more || depin_queue_kept(&queue) > 0) {
        depin_work work;
        uint8_t id[32], *reply;
        size_t size, reply_length, i;
        uint32_t retry_after;
        int status;

        depin_queue_next(&queue, milliseconds(CLOCK_MONOTONIC), batch, &work);
        if (more && depin_queue_kept(&queue) < SLOTS) {
            int got = read_line(line, sizeof line, work.action == DEPIN_WAIT ? work.wait_ms : 0);
            more = got >= 0;
            if (got > 0) {
                depin_statement what;
                what.resource_class = (uint16_t)atoi(arguments[2]);
                what.schema = (uint16_t)atoi(arguments[3]);
                what.time_ms = network_start + (milliseconds(CLOCK_MONOTONIC) - start);
                what.payload = payload;
                what.payload_length = from_hex(line, payload, sizeof payload);
                error = depin_queue_prove(&queue, &what, id);
                if (error != DEPIN_OK) die("no proof could be made: error %d", (int)error);
                for (i = 0; i < 32; i++) printf("%02x", id[i]);
                putchar('\n');
                fflush(stdout);
                continue;
            }
        } else if (work.action == DEPIN_WAIT) {
            poll(NULL, 0, work.wait_ms > 1000 ? 1000 : (int)work.wait_ms);
        }
        if (work.action == DEPIN_WAIT) continue;

        if (depin_queue_request(&queue, &work, body, sizeof body, &size) != DEPIN_OK) die("the request has no room");
        status = post(&work, body, size, answer, sizeof answer, &reply, &reply_length, &retry_after);
        error = depin_queue_answer(&queue, &work, milliseconds(CLOCK_MONOTONIC), status, retry_after, reply, reply_length);
        if (error != DEPIN_OK) fprintf(stderr, "sensor: %s of %s:%s: status %d, error %d\n", work.path, endpoints[work.to].host, endpoints[work.to].port, status, (int)error);
    }
    fprintf(stderr, "sensor: %" PRIu32 " certified, %" PRIu32 " given up\n", queue.certified, queue.given_up);
    return queue.given_up == 0 ? 0 : 2;
}
