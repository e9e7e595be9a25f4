#include "depin_device.h"

#include <string.h>

/* ---- hashes ---- */

typedef struct sha256 {
    uint32_t state[8];
    uint64_t length;
    uint8_t block[64];
} sha256;

static uint32_t rotate32(uint32_t x, unsigned n) { return (x >> n) | (x << (32u - n)); }

static void put_be(uint8_t *out, uint64_t value, size_t bytes)
{
    while (bytes-- > 0) {
        out[bytes] = (uint8_t)(value & 0xffu);
        value >>= 8;
    }
}

static uint64_t get_be(const uint8_t *in, size_t bytes)
{
    uint64_t value = 0;
    size_t i;
    for (i = 0; i < bytes; i++) value = (value << 8) | in[i];
    return value;
}

static void sha256_block(sha256 *h)
{
    static const uint32_t k[64] = {
        0x428a2f98u, 0x71374491u, 0xb5c0fbcfu, 0xe9b5dba5u, 0x3956c25bu, 0x59f111f1u, 0x923f82a4u, 0xab1c5ed5u, 0xd807aa98u, 0x12835b01u, 0x243185beu,
        0x550c7dc3u, 0x72be5d74u, 0x80deb1feu, 0x9bdc06a7u, 0xc19bf174u, 0xe49b69c1u, 0xefbe4786u, 0x0fc19dc6u, 0x240ca1ccu, 0x2de92c6fu, 0x4a7484aau,
        0x5cb0a9dcu, 0x76f988dau, 0x983e5152u, 0xa831c66du, 0xb00327c8u, 0xbf597fc7u, 0xc6e00bf3u, 0xd5a79147u, 0x06ca6351u, 0x14292967u, 0x27b70a85u,
        0x2e1b2138u, 0x4d2c6dfcu, 0x53380d13u, 0x650a7354u, 0x766a0abbu, 0x81c2c92eu, 0x92722c85u, 0xa2bfe8a1u, 0xa81a664bu, 0xc24b8b70u, 0xc76c51a3u,
        0xd192e819u, 0xd6990624u, 0xf40e3585u, 0x106aa070u, 0x19a4c116u, 0x1e376c08u, 0x2748774cu, 0x34b0bcb5u, 0x391c0cb3u, 0x4ed8aa4au, 0x5b9cca4fu,
        0x682e6ff3u, 0x748f82eeu, 0x78a5636fu, 0x84c87814u, 0x8cc70208u, 0x90befffau, 0xa4506cebu, 0xbef9a3f7u, 0xc67178f2u,
    };
    uint32_t w[16], s[8];
    size_t i;
    memcpy(s, h->state, sizeof s);
    for (i = 0; i < 64; i++) {
        uint32_t t1, t2;
        if (i < 16) {
            w[i] = (uint32_t)get_be(h->block + 4 * i, 4);
        } else {
            uint32_t a = w[(i + 1) & 15u], b = w[(i + 14) & 15u];
            w[i & 15u] += (rotate32(a, 7) ^ rotate32(a, 18) ^ (a >> 3)) + w[(i + 9) & 15u] + (rotate32(b, 17) ^ rotate32(b, 19) ^ (b >> 10));
        }
        t1 = s[7] + (rotate32(s[4], 6) ^ rotate32(s[4], 11) ^ rotate32(s[4], 25)) + ((s[4] & s[5]) ^ (~s[4] & s[6])) + k[i] + w[i & 15u];
        t2 = (rotate32(s[0], 2) ^ rotate32(s[0], 13) ^ rotate32(s[0], 22)) + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
        memmove(s + 1, s, 7 * sizeof s[0]);
        s[4] += t1;
        s[0] = t1 + t2;
    }
    for (i = 0; i < 8; i++) h->state[i] += s[i];
}

static void sha256_start(sha256 *h)
{
    static const uint32_t start[8] = { 0x6a09e667u, 0xbb67ae85u, 0x3c6ef372u, 0xa54ff53au, 0x510e527fu, 0x9b05688cu, 0x1f83d9abu, 0x5be0cd19u };
    memcpy(h->state, start, sizeof start);
    h->length = 0;
}

static void sha256_take(sha256 *h, const uint8_t *data, size_t length)
{
    size_t i;
    for (i = 0; i < length; i++) {
        h->block[h->length++ & 63u] = data[i];
        if ((h->length & 63u) == 0) sha256_block(h);
    }
}

static void sha256_end(sha256 *h, uint8_t hash[32])
{
    static const uint8_t mark = 0x80, zero = 0;
    uint64_t bits = h->length * 8u;
    uint8_t tail[8];
    size_t i;
    sha256_take(h, &mark, 1);
    while ((h->length & 63u) != 56u) sha256_take(h, &zero, 1);
    put_be(tail, bits, 8);
    sha256_take(h, tail, 8);
    for (i = 0; i < 8; i++) put_be(hash + 4 * i, h->state[i], 4);
}

void depin_sha256(const uint8_t *data, size_t length, uint8_t hash[32])
{
    sha256 h;
    sha256_start(&h);
    sha256_take(&h, data, length);
    sha256_end(&h, hash);
}

static uint64_t rotate64(uint64_t x, unsigned n) { return n == 0 ? x : (x << n) | (x >> (64u - n)); }

static void keccak_permute(uint64_t a[25])
{
    unsigned round, x, y, lfsr = 1;
    for (round = 0; round < 24; round++) {
        uint64_t c[5], current;
        for (x = 0; x < 5; x++) c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
        for (x = 0; x < 5; x++) {
            uint64_t d = c[(x + 4) % 5] ^ rotate64(c[(x + 1) % 5], 1);
            for (y = 0; y < 25; y += 5) a[x + y] ^= d;
        }
        /* rho and pi: along one cycle of the lanes, rotating by the triangular numbers */
        current = a[1];
        for (x = 1, y = 0, c[0] = 0; c[0] < 24; c[0]++) {
            unsigned turned = (2 * x + 3 * y) % 5;
            unsigned steps = (unsigned)((c[0] + 1) * (c[0] + 2) / 2 % 64);
            uint64_t next;
            x = y;
            y = turned;
            next = a[x + 5 * y];
            a[x + 5 * y] = rotate64(current, steps);
            current = next;
        }
        for (y = 0; y < 25; y += 5) {
            memcpy(c, a + y, sizeof c);
            for (x = 0; x < 5; x++) a[y + x] = c[x] ^ (~c[(x + 1) % 5] & c[(x + 2) % 5]);
        }
        /* iota: bit 2^j - 1 of the round constant is the shift register's next one */
        for (x = 0; x < 7; x++) {
            if (lfsr & 1u) a[0] ^= (uint64_t)1 << ((1u << x) - 1u);
            lfsr = (lfsr << 1) ^ ((lfsr >> 7) * 0x171u);
        }
    }
}

void depin_keccak256(const uint8_t *data, size_t length, uint8_t hash[32])
{
    enum { RATE = 136 };
    uint64_t a[25];
    size_t i, at = 0;
    memset(a, 0, sizeof a);
    for (i = 0; i < length; i++) {
        a[at / 8] ^= (uint64_t)data[i] << (at % 8 * 8);
        if (++at == RATE) {
            keccak_permute(a);
            at = 0;
        }
    }
    a[at / 8] ^= (uint64_t)1 << (at % 8 * 8);
    a[RATE / 8 - 1] ^= (uint64_t)0x80 << 56;
    keccak_permute(a);
    for (i = 0; i < 32; i++) hash[i] = (uint8_t)(a[i / 8] >> (i % 8 * 8) & 0xffu);
}

/* ---- bytes ---- */

depin_error depin_device_id(uint8_t key_type, const uint8_t *public_key, size_t length, uint8_t id[32])
{
    uint8_t bytes[65];
    if (public_key == NULL || key_type < 1 || key_type > 3 || length != (key_type == 3 ? 32u : 64u)) return DEPIN_ARGUMENT;
    bytes[0] = key_type;
    memcpy(bytes + 1, public_key, length);
    depin_keccak256(bytes, length + 1, id);
    return DEPIN_OK;
}

depin_error depin_envelope(const uint8_t network[32], const uint8_t device[32], uint64_t sequence, const depin_statement *what,
                           uint8_t *out, size_t capacity, size_t *size)
{
    if (network == NULL || device == NULL || what == NULL || out == NULL || size == NULL || (what->payload == NULL && what->payload_length > 0))
        return DEPIN_ARGUMENT;
    if (what->payload_length > DEPIN_MAX_PAYLOAD) return DEPIN_PAYLOAD;
    if (capacity < DEPIN_HEADER_SIZE + what->payload_length) return DEPIN_ROOM;
    memcpy(out, "\x19" "DePIN proof v1", 15);
    memcpy(out + 15, network, 32);
    put_be(out + 47, what->resource_class, 2);
    put_be(out + 49, what->schema, 2);
    memcpy(out + 51, device, 32);
    put_be(out + 83, sequence, 8);
    put_be(out + 91, what->time_ms, 8);
    put_be(out + 99, what->payload_length, 4);
    if (what->payload_length > 0) memcpy(out + DEPIN_HEADER_SIZE, what->payload, what->payload_length);
    *size = DEPIN_HEADER_SIZE + what->payload_length;
    return DEPIN_OK;
}

void depin_receipt_message(const uint8_t network[32], const uint8_t id[32], const uint8_t address[20], uint64_t received_at,
                           uint8_t message[DEPIN_RECEIPT_MESSAGE_SIZE])
{
    memcpy(message, "\x19" "DePIN receipt v1", 17);
    memcpy(message + 17, network, 32);
    memcpy(message + 49, id, 32);
    memcpy(message + 81, address, 20);
    put_be(message + 101, received_at, 8);
}

void depin_receipts_message(const uint8_t network[32], const uint8_t *const *ids, uint32_t count, const uint8_t address[20],
                            uint64_t received_at, uint8_t message[DEPIN_RECEIPTS_MESSAGE_SIZE])
{
    sha256 h;
    uint32_t i;
    memcpy(message, "\x19" "DePIN receipts v1", 18);
    memcpy(message + 18, network, 32);
    memcpy(message + 50, address, 20);
    put_be(message + 70, received_at, 8);
    put_be(message + 78, count, 4);
    sha256_start(&h);
    for (i = 0; i < count; i++) sha256_take(&h, ids[i], 32);
    sha256_end(&h, message + 82);
}

/* ---- sequences ---- */

depin_error depin_sequence_open(depin_sequence *sequence)
{
    if (sequence == NULL || sequence->load == NULL || sequence->store == NULL || sequence->block == 0) return DEPIN_ARGUMENT;
    sequence->used = sequence->reserved = DEPIN_MAX_SEQUENCE; /* should load fail, none may be taken */
    if (sequence->load(sequence->context, &sequence->used) != 0) {
        sequence->used = DEPIN_MAX_SEQUENCE;
        return DEPIN_STORAGE;
    }
    sequence->reserved = sequence->used; /* all of what was reserved may have been used */
    return DEPIN_OK;
}

depin_error depin_sequence_next(depin_sequence *sequence, uint64_t *next)
{
    if (sequence == NULL || next == NULL) return DEPIN_ARGUMENT;
    if (sequence->used >= DEPIN_MAX_SEQUENCE) return DEPIN_EXHAUSTED;
    if (sequence->used == sequence->reserved) {
        uint64_t left = DEPIN_MAX_SEQUENCE - sequence->used;
        uint64_t reserved = sequence->used + (left < sequence->block ? left : sequence->block);
        if (sequence->store(sequence->context, reserved) != 0) return DEPIN_STORAGE;
        sequence->reserved = reserved;
    }
    *next = ++sequence->used;
    return DEPIN_OK;
}

void depin_record_make(uint64_t reserved, uint8_t record[16])
{
    uint8_t hash[32];
    put_be(record, reserved, 8);
    depin_sha256(record, 8, hash);
    memcpy(record + 8, hash, 8);
}

static int record_reads(const uint8_t record[16], uint64_t *reserved)
{
    uint8_t made[16];
    *reserved = get_be(record, 8);
    depin_record_make(*reserved, made);
    return memcmp(made, record, 16) == 0;
}

static int record_blank(const uint8_t record[16])
{
    size_t i;
    for (i = 1; i < 16; i++) {
        if (record[i] != record[0]) return 0;
    }
    return record[0] == 0x00 || record[0] == 0xff;
}

depin_error depin_record_pick(const uint8_t first[16], const uint8_t second[16], uint64_t *reserved, int *overwrite)
{
    uint64_t a, b;
    int has_a, has_b;
    if (first == NULL || second == NULL || reserved == NULL || overwrite == NULL) return DEPIN_ARGUMENT;
    has_a = record_reads(first, &a);
    has_b = record_reads(second, &b);
    if (!has_a && !has_b) {
        /* A write is cut off while the other place is whole, but for the first: then the other is blank. */
        if (!record_blank(first) && !record_blank(second)) return DEPIN_STORAGE;
        *reserved = 0;
        *overwrite = 0;
        return DEPIN_OK;
    }
    *overwrite = has_a && (!has_b || a >= b);
    *reserved = *overwrite ? a : b;
    return DEPIN_OK;
}

/* ---- bodies ---- */

static size_t base64_write(const uint8_t *in, size_t length, uint8_t *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t i, k, written = 0;
    for (i = 0; i < length; i += 3) {
        size_t here = length - i < 3 ? length - i : 3;
        uint32_t group = (uint32_t)in[i] << 16;
        if (here > 1) group |= (uint32_t)in[i + 1] << 8;
        if (here > 2) group |= in[i + 2];
        for (k = 0; k < 4; k++) out[written++] = (uint8_t)(k <= here ? digits[group >> (18 - 6 * k) & 63u] : '=');
    }
    return written;
}

depin_error depin_json_body(const depin_proof *proof, uint8_t *out, size_t capacity, size_t *size)
{
    static const char head[] = "{\"proof\":\"", middle[] = "\",\"signature\":\"", tail[] = "\"}";
    size_t at = 0;
    if (proof == NULL || out == NULL || size == NULL) return DEPIN_ARGUMENT;
    if (proof->length > DEPIN_HEADER_SIZE + DEPIN_MAX_PAYLOAD) return DEPIN_PAYLOAD;
    if (capacity < (proof->length + 2) / 3 * 4 + 88 + sizeof head + sizeof middle + sizeof tail - 3) return DEPIN_ROOM;
    memcpy(out, head, sizeof head - 1);
    at += sizeof head - 1;
    at += base64_write(proof->envelope, proof->length, out + at);
    memcpy(out + at, middle, sizeof middle - 1);
    at += sizeof middle - 1;
    at += base64_write(proof->signature, DEPIN_SIGNATURE_SIZE, out + at);
    memcpy(out + at, tail, sizeof tail - 1);
    *size = at + sizeof tail - 1;
    return DEPIN_OK;
}

static size_t varint_size(size_t value)
{
    size_t size = 1;
    for (; value > 127; value >>= 7) size++;
    return size;
}

/* A protobuf field of bytes: key, length, and the bytes if they are given. */
static uint8_t *field_write(uint8_t *out, unsigned number, size_t length, const uint8_t *bytes)
{
    size_t rest = length;
    *out++ = (uint8_t)(number << 3 | 2u);
    for (; rest > 127; rest >>= 7) *out++ = (uint8_t)((rest & 127u) | 128u);
    *out++ = (uint8_t)rest;
    if (bytes == NULL) return out;
    memcpy(out, bytes, length);
    return out + length;
}

static size_t batch_item_size(size_t envelope) { return 1 + varint_size(envelope) + envelope + 2 + DEPIN_SIGNATURE_SIZE; }

depin_error depin_batch_body(const depin_proof *proofs, size_t count, uint8_t *out, size_t capacity, size_t *size)
{
    uint8_t *at = out;
    size_t i;
    if (proofs == NULL || out == NULL || size == NULL) return DEPIN_ARGUMENT;
    for (i = 0; i < count; i++) {
        size_t item;
        if (proofs[i].length > DEPIN_HEADER_SIZE + DEPIN_MAX_PAYLOAD) return DEPIN_PAYLOAD;
        item = batch_item_size(proofs[i].length);
        if (capacity - (size_t)(at - out) < 1 + varint_size(item) + item) return DEPIN_ROOM;
        at = field_write(at, 1, item, NULL);
        at = field_write(at, 1, proofs[i].length, proofs[i].envelope);
        at = field_write(at, 2, DEPIN_SIGNATURE_SIZE, proofs[i].signature);
    }
    *size = (size_t)(at - out);
    return DEPIN_OK;
}

depin_error depin_status_body(const uint8_t *const *ids, size_t count, uint8_t *out, size_t capacity, size_t *size)
{
    size_t i;
    if (ids == NULL || out == NULL || size == NULL) return DEPIN_ARGUMENT;
    if (capacity / 34 < count) return DEPIN_ROOM;
    for (i = 0; i < count; i++) field_write(out + 34 * i, 1, 32, ids[i]);
    *size = 34 * count;
    return DEPIN_OK;
}
