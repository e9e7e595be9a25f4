/*
 * The C library behind lines of text: a command and its arguments on standard input, one line of answer on standard output. Bytes are hexadecimal,
 * "-" is none. Every buffer that the library reads or writes is of exactly the size it is told, so that the sanitizers see a byte too many.
 */
#define _POSIX_C_SOURCE 200809L

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "depin_device.h"
#include "depin_sodium.h"

#define LINE (1u << 20)
#define PAYLOAD 4096u
#define SLOTS 64u

typedef struct bytes {
    uint8_t *at;
    size_t length;
} bytes;

static char line[LINE];
static char *next_word;
static bytes held[256];
static size_t held_count;

static void die(const char *why)
{
    fprintf(stderr, "harness: %s\n", why);
    exit(3);
}

static uint8_t *memory(size_t size)
{
    uint8_t *at = malloc(size == 0 ? 1 : size);
    if (at == NULL || held_count == sizeof held / sizeof held[0]) die("out of memory");
    held[held_count++].at = at;
    return at;
}

static char *word(void)
{
    char *start = next_word;
    if (start == NULL || *start == 0) die("an argument is missing");
    next_word = strchr(start, ' ');
    if (next_word != NULL) *next_word++ = 0;
    return start;
}

static uint64_t number(void) { return strtoull(word(), NULL, 10); }

static bytes hex(void)
{
    const char *text = word();
    bytes b;
    size_t i;
    unsigned byte;
    if (strcmp(text, "-") == 0) text = "";
    b.length = strlen(text) / 2;
    b.at = memory(b.length);
    for (i = 0; i < b.length; i++) {
        if (sscanf(text + 2 * i, "%2x", &byte) != 1) die("not hexadecimal");
        b.at[i] = (uint8_t)byte;
    }
    return b;
}

static uint8_t *fixed(size_t length)
{
    bytes b = hex();
    if (b.length != length) die("bytes of another length were expected");
    return b.at;
}

static void print(const uint8_t *at, size_t length)
{
    size_t i;
    if (length == 0) putchar('-');
    for (i = 0; i < length; i++) printf("%02x", at[i]);
}

static void result(depin_error error, const uint8_t *at, size_t length)
{
    if (error != DEPIN_OK) {
        printf("error %d", (int)error);
        return;
    }
    print(at, length);
}

/* ---- bytes ---- */

static depin_statement statement(void)
{
    depin_statement what;
    bytes payload;
    what.resource_class = (uint16_t)number();
    what.schema = (uint16_t)number();
    what.time_ms = number();
    payload = hex();
    what.payload = payload.length == 0 ? NULL : payload.at;
    what.payload_length = payload.length;
    return what;
}

/* envelope NETWORK DEVICE SEQUENCE CLASS SCHEMA TIME PAYLOAD CAPACITY: envelope and id */
static void do_envelope(void)
{
    uint8_t *network = fixed(32), *device = fixed(32), id[32], *out;
    uint64_t sequence = number();
    depin_statement what = statement();
    size_t capacity = (size_t)number(), size = 0;
    depin_error error;
    out = memory(capacity);
    error = depin_envelope(network, device, sequence, &what, out, capacity, &size);
    result(error, out, size);
    if (error != DEPIN_OK) return;
    depin_sha256(out, size, id);
    putchar(' ');
    print(id, 32);
}

static void do_device_id(void)
{
    uint8_t type = (uint8_t)number(), id[32];
    bytes key = hex();
    depin_error error = depin_device_id(type, key.at, key.length, id);
    result(error, id, 32);
}

static void do_hash(int keccak)
{
    bytes data = hex();
    uint8_t hash[32];
    if (keccak) depin_keccak256(data.at, data.length, hash);
    else depin_sha256(data.at, data.length, hash);
    print(hash, 32);
}

/* json|batch CAPACITY COUNT (ENVELOPE SIGNATURE)...: body */
static void do_body(int json)
{
    depin_proof proofs[DEPIN_MAX_BATCH];
    size_t capacity = (size_t)number(), count = (size_t)number(), size = 0, i;
    uint8_t *out = memory(capacity);
    depin_error error;
    if (count > DEPIN_MAX_BATCH) die("too many proofs");
    for (i = 0; i < count; i++) {
        bytes envelope = hex();
        proofs[i].envelope = envelope.at;
        proofs[i].length = envelope.length;
        proofs[i].signature = fixed(64);
    }
    error = json ? depin_json_body(proofs, out, capacity, &size) : depin_batch_body(proofs, count, out, capacity, &size);
    result(error, out, size);
}

/* message NETWORK ADDRESS AT COUNT ID...: what is signed for one, and for many */
static void do_message(void)
{
    uint8_t *network = fixed(32), *address = fixed(20), one[DEPIN_RECEIPT_MESSAGE_SIZE], many[DEPIN_RECEIPTS_MESSAGE_SIZE];
    const uint8_t *ids[DEPIN_MAX_BATCH];
    uint64_t at = number();
    uint32_t count = (uint32_t)number(), i;
    for (i = 0; i < count; i++) ids[i] = fixed(32);
    depin_receipt_message(network, ids[0], address, at, one);
    depin_receipts_message(network, ids, count, address, at, many);
    print(one, sizeof one);
    putchar(' ');
    print(many, sizeof many);
}

/* route DEVICE COUNT ADDRESS...: addresses in the device's order */
static void do_route(void)
{
    depin_operator operators[DEPIN_MAX_OPERATORS];
    uint8_t *device = fixed(32);
    size_t count = (size_t)number(), i;
    memset(operators, 0, sizeof operators);
    for (i = 0; i < count; i++) memcpy(operators[i].address, fixed(20), 20);
    depin_route(device, operators, count);
    for (i = 0; i < count; i++) {
        if (i > 0) putchar(' ');
        print(operators[i].address, 20);
    }
}

/* ---- answers ---- */

static void print_receipt(const depin_receipt *r)
{
    printf("ok ");
    print(r->address, 20);
    printf(" %" PRIu64 " ", r->received_at);
    print(r->signature, 64);
}

static void do_read_receipt(void)
{
    bytes body = hex();
    depin_receipt receipt;
    depin_error error = depin_read_receipt(body.at, body.length, &receipt);
    if (error != DEPIN_OK) {
        result(error, NULL, 0);
        return;
    }
    print_receipt(&receipt);
    putchar(' ');
    print(receipt.id, 32);
}

static void do_read_receipts(void)
{
    size_t count = (size_t)number(), i;
    bytes body = hex();
    depin_result *results = (depin_result *)(void *)memory(count * sizeof *results);
    depin_receipt receipt;
    depin_error error = depin_read_receipts(body.at, body.length, results, count, &receipt);
    if (error != DEPIN_OK) {
        result(error, NULL, 0);
        return;
    }
    print_receipt(&receipt);
    printf(" %" PRIu32, receipt.durable);
    for (i = 0; i < count; i++) printf(" %" PRIu32 ":%" PRIu32, results[i].code, results[i].retry_after_ms);
}

static void do_read_stages(void)
{
    size_t count = (size_t)number();
    bytes body = hex();
    uint8_t *stages = memory(count);
    depin_error error = depin_read_stages(body.at, body.length, stages, count);
    result(error, stages, count);
}

static void do_read_problem(void)
{
    bytes body = hex();
    uint32_t code = 0;
    depin_error error = depin_read_problem(body.at, body.length, &code);
    if (error != DEPIN_OK) result(error, NULL, 0);
    else printf("%" PRIu32, code);
}

/* ---- the queue ---- */

static depin_queue queue;
static depin_sequence sequence;
static depin_operator operators[DEPIN_MAX_OPERATORS];
static depin_slot slots[SLOTS];
static uint8_t slot_memory[SLOTS * DEPIN_SLOT_BYTES(PAYLOAD)];
static depin_sodium_key key;
static depin_work work;
static uint64_t stored;
static uint8_t places[2][DEPIN_RECORD_SIZE];

static int load(void *context, uint64_t *reserved)
{
    (void)context;
    *reserved = stored;
    return 0;
}

static int store(void *context, uint64_t reserved)
{
    (void)context;
    stored = reserved;
    return 0;
}

static int sign_fails;

static int sign(void *context, const uint8_t *message, size_t length, uint8_t signature[64])
{
    return sign_fails ? -1 : depin_sodium_sign(context, message, length, signature);
}

/* open NETWORK SEED SLOTS BLOCK COUNT (ADDRESS KEY)...: device id. Proofs kept from before stay, as after a restart. */
static void do_open(void)
{
    uint8_t public_key[32];
    size_t i;
    memset(&queue, 0, sizeof queue);
    memset(operators, 0, sizeof operators);
    memcpy(queue.network, fixed(32), 32);
    if (depin_sodium_open(&key, fixed(32), public_key) != 0) die("no libsodium");
    depin_device_id(3, public_key, 32, queue.device);
    queue.sign = sign;
    queue.sign_context = &key;
    queue.verify = depin_sodium_verify;
    queue.slot_count = (size_t)number();
    sequence.block = (uint32_t)number();
    sequence.load = load;
    sequence.store = store;
    queue.sequence = &sequence;
    queue.operator_count = (size_t)number();
    for (i = 0; i < queue.operator_count; i++) {
        memcpy(operators[i].address, fixed(20), 20);
        memcpy(operators[i].key, fixed(32), 32);
    }
    queue.operators = operators;
    queue.slots = slots;
    queue.bytes = slot_memory;
    queue.stride = DEPIN_SLOT_BYTES(PAYLOAD);
    result(depin_queue_open(&queue), queue.device, 32);
}

static void do_prove(void)
{
    uint8_t id[32];
    depin_statement what = statement();
    result(depin_queue_prove(&queue, &what, id), id, 32);
}

/* next NOW MOST CAPACITY: "wait MS", or ADDRESS PATH CONTENT-TYPE BODY */
static void do_next(void)
{
    uint64_t now = number();
    size_t most = (size_t)number(), capacity = (size_t)number(), size = 0;
    uint8_t *out = memory(capacity);
    depin_error error;
    depin_queue_next(&queue, now, most, &work);
    if (work.action == DEPIN_WAIT) {
        printf("wait %" PRIu64, work.wait_ms);
        return;
    }
    error = depin_queue_request(&queue, &work, out, capacity, &size);
    print(operators[work.to].address, 20);
    printf(" %s %s ", work.path, work.content_type);
    result(error, out, size);
}

/* answer NOW STATUS RETRY BODY: error number */
static void do_answer(void)
{
    uint64_t now = number();
    int status = (int)number();
    uint32_t retry = (uint32_t)number();
    bytes body = hex();
    printf("%d", (int)depin_queue_answer(&queue, &work, now, status, retry, body.at, body.length));
}

static void do_counts(void)
{
    printf("%zu %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32, depin_queue_kept(&queue), queue.certified, queue.given_up, queue.dropped, queue.last_refusal);
}

/* rot OFFSET: one byte of the kept proofs' memory changes, as in a write that was cut off */
static void do_rot(void)
{
    slot_memory[number() % sizeof slot_memory] ^= 0x40;
    printf("ok");
}

/* ---- sequences in two places, with power that fails in the middle of a write ---- */

static size_t bytes_until_failure;

static int places_load(void *context, uint64_t *reserved)
{
    int overwrite;
    (void)context;
    return depin_record_pick(places[0], places[1], reserved, &overwrite) == DEPIN_OK ? 0 : -1;
}

static int places_store(void *context, uint64_t reserved)
{
    uint8_t record[DEPIN_RECORD_SIZE];
    uint64_t before;
    int overwrite;
    size_t i;
    (void)context;
    if (depin_record_pick(places[0], places[1], &before, &overwrite) != DEPIN_OK) return -1;
    depin_record_make(reserved, record);
    /* Erased first, as flash is, then written byte by byte. */
    for (i = 0; i < 2 * sizeof record; i++) {
        if (bytes_until_failure == 0) return -1;
        bytes_until_failure--;
        places[overwrite][i % sizeof record] = i < sizeof record ? 0xff : record[i - sizeof record];
    }
    return 0;
}

/* spend SET BLOCK COUNT BYTES: sequences taken until COUNT or until power fails after BYTES more bytes of flash; SET 1 = a new device */
static void do_spend(void)
{
    depin_sequence s;
    uint64_t fresh = number(), taken = 0;
    size_t count, i;
    depin_error error;
    memset(&s, 0, sizeof s);
    if (fresh == 1) memset(places, 0xff, sizeof places);
    s.load = places_load;
    s.store = places_store;
    s.block = (uint32_t)number();
    count = (size_t)number();
    bytes_until_failure = (size_t)number();
    error = depin_sequence_open(&s);
    printf("%d", (int)error);
    for (i = 0; error == DEPIN_OK && i < count; i++) {
        error = depin_sequence_next(&s, &taken);
        if (error == DEPIN_OK) printf(" %" PRIu64, taken);
    }
    printf(" end %d", (int)error);
}

/* places FIRST SECOND: number and the place to overwrite */
static void do_places(void)
{
    uint8_t *first = fixed(16), *second = fixed(16);
    uint64_t reserved = 0;
    int overwrite = 0;
    depin_error error = depin_record_pick(first, second, &reserved, &overwrite);
    if (error != DEPIN_OK) result(error, NULL, 0);
    else printf("%" PRIu64 " %d", reserved, overwrite);
}

/* stored NUMBER: what the store of the queue holds */
static void do_stored(void)
{
    stored = number();
    printf("ok");
}

static void do_record(void)
{
    uint8_t record[16];
    depin_record_make(number(), record);
    print(record, 16);
}

/* signer 1: fails from now on; 0: signs again */
static void do_signer(void)
{
    sign_fails = number() == 1;
    printf("ok");
}

static void do_backoff(void)
{
    uint32_t failures = (uint32_t)number();
    printf("%" PRIu32, depin_backoff_ms(failures, (uint32_t)number()));
}

static void do_drop(void)
{
    depin_queue_drop_oldest(&queue);
    printf("ok");
}

int main(void)
{
    while (fgets(line, sizeof line, stdin) != NULL) {
        const char *command;
        line[strcspn(line, "\n")] = 0;
        next_word = line;
        command = word();
        if (strcmp(command, "envelope") == 0) do_envelope();
        else if (strcmp(command, "device-id") == 0) do_device_id();
        else if (strcmp(command, "sha") == 0) do_hash(0);
        else if (strcmp(command, "keccak") == 0) do_hash(1);
        else if (strcmp(command, "json") == 0) do_body(1);
        else if (strcmp(command, "batch") == 0) do_body(0);
        else if (strcmp(command, "message") == 0) do_message();
        else if (strcmp(command, "route") == 0) do_route();
        else if (strcmp(command, "read-receipt") == 0) do_read_receipt();
        else if (strcmp(command, "read-receipts") == 0) do_read_receipts();
        else if (strcmp(command, "read-stages") == 0) do_read_stages();
        else if (strcmp(command, "read-problem") == 0) do_read_problem();
        else if (strcmp(command, "open") == 0) do_open();
        else if (strcmp(command, "prove") == 0) do_prove();
        else if (strcmp(command, "next") == 0) do_next();
        else if (strcmp(command, "answer") == 0) do_answer();
        else if (strcmp(command, "counts") == 0) do_counts();
        else if (strcmp(command, "drop") == 0) do_drop();
        else if (strcmp(command, "rot") == 0) do_rot();
        else if (strcmp(command, "signer") == 0) do_signer();
        else if (strcmp(command, "spend") == 0) do_spend();
        else if (strcmp(command, "stored") == 0) do_stored();
        else if (strcmp(command, "places") == 0) do_places();
        else if (strcmp(command, "record") == 0) do_record();
        else if (strcmp(command, "backoff") == 0) do_backoff();
        else die(command);
        putchar('\n');
        fflush(stdout);
        while (held_count > 0) free(held[--held_count].at);
    }
    return 0;
}
