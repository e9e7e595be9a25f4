#include "depin_device.h"

#include <string.h>

/* Whatever an operator or someone in between sends is read here: nothing is believed of its lengths, and nothing is read past its end. */

/* ---- answers: JSON ---- */

typedef struct text {
    const uint8_t *at;
    const uint8_t *end;
} text;

static const uint8_t *skip_space(const uint8_t *at, const uint8_t *end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n')) at++;
    return at;
}

/* From behind the opening quote to the closing one; null when there is none. */
static const uint8_t *string_end(const uint8_t *at, const uint8_t *end)
{
    while (at < end && *at != '"') at += *at == '\\' ? 2 : 1;
    return at < end ? at : NULL;
}

/* The value of a member of the object that the bytes are, a string without its quotes; members of inner objects are passed over. */
static int json_member(const uint8_t *at, size_t length, const char *name, text *value)
{
    const uint8_t *end = at + length;
    size_t depth = 0, name_length = strlen(name);
    int name_next = 0;
    for (at = skip_space(at, end); at < end; at = skip_space(at, end)) {
        uint8_t c = *at++;
        if (depth == 0 && c != '{') return 0;
        if (c == '{' || c == '[') {
            name_next = ++depth == 1;
        } else if (c == '}' || c == ']') {
            if (--depth == 0) return 0;
        } else if (c == ',') {
            name_next = depth == 1;
        } else if (c == '"') {
            const uint8_t *start = at, *stop = string_end(at, end);
            if (stop == NULL) return 0;
            at = stop + 1;
            if (!name_next) continue;
            name_next = 0;
            at = skip_space(at, end);
            if (at >= end || *at++ != ':') return 0;
            if ((size_t)(stop - start) != name_length || memcmp(start, name, name_length) != 0) continue;
            at = skip_space(at, end);
            if (at < end && *at == '"') {
                value->at = at + 1;
                value->end = string_end(at + 1, end);
                return value->end != NULL;
            }
            value->at = at;
            while (at < end && *at != ',' && *at != '}' && *at > ' ') at++;
            value->end = at;
            return at < end;
        }
    }
    return 0;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int json_hex(const uint8_t *body, size_t length, const char *name, uint8_t *out, size_t bytes)
{
    text value;
    size_t i;
    if (!json_member(body, length, name, &value)) return 0;
    if (value.end - value.at > 2 && value.at[0] == '0' && value.at[1] == 'x') value.at += 2;
    if ((size_t)(value.end - value.at) != 2 * bytes) return 0;
    for (i = 0; i < bytes; i++) {
        int high = hex_digit(value.at[2 * i]), low = hex_digit(value.at[2 * i + 1]);
        if (high < 0 || low < 0) return 0;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return 1;
}

static int json_number(const uint8_t *body, size_t length, const char *name, uint64_t *number)
{
    text value;
    *number = 0;
    if (!json_member(body, length, name, &value) || value.at == value.end) return 0;
    for (; value.at < value.end; value.at++) {
        unsigned digit = (unsigned)*value.at - '0';
        if (digit > 9 || *number > (UINT64_MAX - digit) / 10) return 0;
        *number = *number * 10 + digit;
    }
    return 1;
}

static int base64_digit(uint8_t c)
{
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* One character of a JSON string that may be escaped; '"' (which cannot stand there) when it is not ASCII or not well-formed. */
static uint8_t json_character(text *value)
{
    uint8_t c = *value->at++;
    if (c != '\\') return c;
    if (value->at >= value->end) return '"';
    c = *value->at++;
    if (c == 'u') {
        int high, low;
        if (value->end - value->at < 4 || value->at[0] != '0' || value->at[1] != '0') return '"';
        high = hex_digit(value->at[2]);
        low = hex_digit(value->at[3]);
        value->at += 4;
        return (uint8_t)(high < 0 || low < 0 ? '"' : high << 4 | low);
    }
    return c == '/' ? c : '"';
}

static int json_signature(const uint8_t *body, size_t length, uint8_t signature[64])
{
    text value;
    uint32_t group = 0;
    size_t digits, written = 0;
    if (!json_member(body, length, "signature", &value)) return 0;
    for (digits = 0; digits < 86; digits++) {
        int digit = value.at < value.end ? base64_digit(json_character(&value)) : -1;
        if (digit < 0) return 0;
        group = (group << 6 | (uint32_t)digit) & 0xffffffu;
        if (digits % 4 == 3) {
            signature[written++] = (uint8_t)(group >> 16);
            signature[written++] = (uint8_t)(group >> 8 & 0xffu);
            signature[written++] = (uint8_t)(group & 0xffu);
        }
    }
    signature[written] = (uint8_t)(group >> 4 & 0xffu); /* 64 = 21 * 3 + 1 */
    if ((group & 15u) != 0) return 0;
    for (digits = 0; digits < 2; digits++) {
        if (value.at >= value.end || json_character(&value) != '=') return 0;
    }
    return value.at == value.end;
}

depin_error depin_read_receipt(const uint8_t *body, size_t length, depin_receipt *receipt)
{
    if (body == NULL || receipt == NULL) return DEPIN_ARGUMENT;
    receipt->durable = 1;
    return json_hex(body, length, "proofId", receipt->id, 32) && json_hex(body, length, "operator", receipt->address, 20)
            && json_number(body, length, "receivedAt", &receipt->received_at) && json_signature(body, length, receipt->signature)
        ? DEPIN_OK : DEPIN_ANSWER;
}

depin_error depin_read_problem(const uint8_t *body, size_t length, uint32_t *code)
{
    uint64_t number;
    if (body == NULL || code == NULL) return DEPIN_ARGUMENT;
    if (!json_number(body, length, "code", &number) || number == 0 || number > UINT32_MAX) return DEPIN_ANSWER;
    *code = (uint32_t)number;
    return DEPIN_OK;
}

/* ---- answers: protobuf ---- */

static int varint_read(text *in, uint64_t *value)
{
    unsigned shift;
    *value = 0;
    for (shift = 0; shift < 64 && in->at < in->end; shift += 7) {
        uint8_t byte = *in->at++;
        if (shift == 63 && byte > 1) return 0;
        *value |= (uint64_t)(byte & 127u) << shift;
        if (byte < 128) return 1;
    }
    return 0;
}

/* The next field: its number and its value, or its bytes (and then the value is their length). 0 = not well-formed. */
static int field_read(text *in, uint64_t *number, uint64_t *value, text *bytes)
{
    uint64_t key;
    bytes->at = bytes->end = NULL;
    if (!varint_read(in, &key)) return 0;
    *number = key >> 3;
    switch (key & 7u) {
    case 0:
        return varint_read(in, value);
    case 1:
    case 5:
        *value = 0;
        if ((size_t)(in->end - in->at) < ((key & 7u) == 1 ? 8u : 4u)) return 0;
        in->at += (key & 7u) == 1 ? 8 : 4;
        *number = 0; /* no field of ours has a fixed width */
        return 1;
    case 2:
        if (!varint_read(in, value) || *value > (uint64_t)(in->end - in->at)) return 0;
        bytes->at = in->at;
        in->at += *value;
        bytes->end = in->at;
        return 1;
    default:
        return 0;
    }
}

static int refusal_read(text in, depin_result *results, size_t count)
{
    uint64_t index = 0, code = 0, retry = 0, number, value;
    text bytes;
    while (in.at < in.end) {
        if (!field_read(&in, &number, &value, &bytes)) return 0;
        if (bytes.at != NULL) continue;
        if (number == 1) index = value;
        else if (number == 2) code = value;
        else if (number == 4) retry = value;
    }
    if (index >= count || code == 0 || code > UINT32_MAX || retry > UINT32_MAX) return 0;
    results[index].code = (uint32_t)code;
    results[index].retry_after_ms = (uint32_t)retry;
    return 1;
}

depin_error depin_read_receipts(const uint8_t *body, size_t length, depin_result *results, size_t count, depin_receipt *receipt)
{
    text in, bytes;
    uint64_t number, value;
    if (body == NULL || results == NULL || receipt == NULL) return DEPIN_ARGUMENT;
    in.at = body;
    in.end = body + length;
    memset(results, 0, count * sizeof *results);
    memset(receipt, 0, sizeof *receipt);
    while (in.at < in.end) {
        if (!field_read(&in, &number, &value, &bytes)) return DEPIN_ANSWER;
        if (bytes.at == NULL) {
            if (number == 2) receipt->received_at = value;
            else if (number == 4 && value <= UINT32_MAX) receipt->durable = (uint32_t)value;
            else if (number == 4) return DEPIN_ANSWER;
        } else if (number == 1) {
            if (value != 20) return DEPIN_ANSWER;
            memcpy(receipt->address, bytes.at, 20);
        } else if (number == 3) {
            if (value != 0 && value != DEPIN_SIGNATURE_SIZE) return DEPIN_ANSWER;
            memset(receipt->signature, 0, DEPIN_SIGNATURE_SIZE);
            memcpy(receipt->signature, bytes.at, (size_t)value);
        } else if (number == 5 && !refusal_read(bytes, results, count)) {
            return DEPIN_ANSWER;
        }
    }
    return DEPIN_OK;
}

depin_error depin_read_stages(const uint8_t *body, size_t length, uint8_t *stages, size_t count)
{
    text in, bytes;
    uint64_t number, value;
    size_t read = 0;
    if (body == NULL || stages == NULL) return DEPIN_ARGUMENT;
    in.at = body;
    in.end = body + length;
    while (in.at < in.end) {
        if (!field_read(&in, &number, &value, &bytes)) return DEPIN_ANSWER;
        if (number != 1) continue;
        /* packed, as proto3 writes it, or one by one, as it may read it */
        for (;;) {
            if (bytes.at != NULL && bytes.at == bytes.end) break;
            if (bytes.at != NULL && !varint_read(&bytes, &value)) return DEPIN_ANSWER;
            if (read == count || value > 2) return DEPIN_ANSWER;
            stages[read++] = (uint8_t)value;
            if (bytes.at == NULL) break;
        }
    }
    return read == count ? DEPIN_OK : DEPIN_ANSWER;
}
