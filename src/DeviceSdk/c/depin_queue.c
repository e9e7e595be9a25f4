#include "depin_device.h"

#include <string.h>

#define BACKOFF_FIRST_MS 1000u
#define BACKOFF_MOST_MS 300000u
#define ASK_FIRST_MS 2000u
#define ASK_MOST_MS 64000u

enum { UNKNOWN_DEVICE = 6, TOO_FAR_AHEAD = 9, RATE_LIMITED = 12, OVERLOADED = 14, AWAITS_REPORT = 15 }; /* IngestRefusal: come again */

static const uint64_t never = UINT64_MAX;

static uint8_t *slot_bytes(const depin_queue *queue, size_t slot) { return queue->bytes + slot * queue->stride; }

static size_t copies(const depin_queue *queue) { return (queue->operator_count - 1) / 3 + 1; } /* f + 1 */

static uint32_t random_next(depin_queue *queue)
{
    queue->random ^= queue->random << 13;
    queue->random ^= queue->random >> 17;
    queue->random ^= queue->random << 5;
    return queue->random;
}

static size_t ones(uint32_t bits)
{
    size_t n = 0;
    for (; bits != 0; bits &= bits - 1) n++;
    return n;
}

uint32_t depin_backoff_ms(uint32_t failures, uint32_t random)
{
    uint32_t most = BACKOFF_FIRST_MS;
    while (failures-- > 1 && most < BACKOFF_MOST_MS) most *= 2;
    if (most > BACKOFF_MOST_MS) most = BACKOFF_MOST_MS;
    return most / 2 + random % (most / 2 + 1);
}

static void rank(const uint8_t device[32], const depin_operator *which, uint8_t place[32])
{
    uint8_t both[52];
    memcpy(both, device, 32);
    memcpy(both + 32, which->address, 20);
    depin_keccak256(both, sizeof both, place);
}

void depin_route(const uint8_t device[32], depin_operator *operators, size_t count)
{
    uint8_t here[32], before[32];
    size_t i, k;
    for (i = 1; i < count; i++) {
        depin_operator moved = operators[i];
        rank(device, &moved, here);
        for (k = i; k > 0; k--) {
            rank(device, &operators[k - 1], before);
            if (memcmp(before, here, 32) <= 0) break;
            operators[k] = operators[k - 1];
        }
        operators[k] = moved;
    }
}

depin_error depin_queue_open(depin_queue *queue)
{
    depin_error error;
    size_t i;
    if (queue == NULL || queue->sign == NULL || queue->verify == NULL || queue->operators == NULL || queue->slots == NULL || queue->bytes == NULL
        || queue->slot_count == 0 || queue->stride < DEPIN_SLOT_BYTES(0) || queue->operator_count == 0 || queue->operator_count > DEPIN_MAX_OPERATORS)
        return DEPIN_ARGUMENT;
    error = depin_sequence_open(queue->sequence);
    if (error != DEPIN_OK) return error;
    for (i = 0; i < queue->operator_count; i++) {
        queue->operators[i].not_before = 0; /* of an uptime that may be over */
        queue->operators[i].failures = queue->operators[i].lies = 0;
    }
    depin_route(queue->device, queue->operators, queue->operator_count);
    queue->random = (uint32_t)queue->device[0] << 24 | (uint32_t)queue->device[1] << 16 | (uint32_t)queue->device[2] << 8 | queue->device[3] | 1u;
    queue->certified = queue->given_up = queue->dropped = queue->last_refusal = 0;
    for (i = 0; i < queue->slot_count; i++) {
        depin_slot *slot = &queue->slots[i];
        uint8_t hash[32];
        if (slot->length == 0) continue;
        if (slot->length < DEPIN_HEADER_SIZE || slot->length > queue->stride - DEPIN_SIGNATURE_SIZE) {
            slot->length = 0; /* not memory of this queue, or cut off while it was written */
            continue;
        }
        depin_sha256(slot_bytes(queue, i), slot->length, hash);
        if (memcmp(hash, slot->id, 32) != 0 || slot->sequence == 0) slot->length = 0;
        else if (slot->sequence > queue->sequence->reserved) return DEPIN_STORAGE; /* the store went back: sequences would come twice */
        slot->due = 0;
        slot->held = slot->refused = 0;
        slot->put_off = slot->asked = 0;
    }
    return DEPIN_OK;
}

depin_error depin_queue_prove(depin_queue *queue, const depin_statement *what, uint8_t id[32])
{
    depin_slot *slot;
    depin_error error;
    uint8_t *bytes;
    uint64_t sequence;
    size_t i, size;
    if (queue == NULL || what == NULL || (what->payload == NULL && what->payload_length > 0)) return DEPIN_ARGUMENT;
    if (what->payload_length > DEPIN_MAX_PAYLOAD || DEPIN_SLOT_BYTES(what->payload_length) > queue->stride) return DEPIN_PAYLOAD;
    for (i = 0; i < queue->slot_count && queue->slots[i].length != 0; i++) {}
    if (i == queue->slot_count) return DEPIN_FULL;
    error = depin_sequence_next(queue->sequence, &sequence);
    if (error != DEPIN_OK) return error;
    bytes = slot_bytes(queue, i);
    error = depin_envelope(queue->network, queue->device, sequence, what, bytes, queue->stride, &size);
    if (error != DEPIN_OK) return error;
    if (queue->sign(queue->sign_context, bytes, size, bytes + size) != 0) return DEPIN_SIGNER;
    slot = &queue->slots[i];
    memset(slot, 0, sizeof *slot);
    slot->sequence = sequence;
    depin_sha256(bytes, size, slot->id);
    if (id != NULL) memcpy(id, slot->id, 32);
    slot->length = (uint32_t)size; /* last: from here on the slot is taken */
    return DEPIN_OK;
}

void depin_queue_drop_oldest(depin_queue *queue)
{
    size_t i, oldest = queue->slot_count;
    for (i = 0; i < queue->slot_count; i++) {
        if (queue->slots[i].length != 0 && (oldest == queue->slot_count || queue->slots[i].sequence < queue->slots[oldest].sequence)) oldest = i;
    }
    if (oldest == queue->slot_count) return;
    queue->slots[oldest].length = 0;
    queue->dropped++;
}

size_t depin_queue_kept(const depin_queue *queue)
{
    size_t i, kept = 0;
    for (i = 0; i < queue->slot_count; i++) kept += queue->slots[i].length != 0;
    return kept;
}

/* What a proof needs next, of whom, and when. */
static depin_action plan(const depin_queue *queue, const depin_slot *slot, uint64_t now, size_t *to, uint64_t *at)
{
    size_t i, held = ones(slot->held), wanted = copies(queue) + slot->put_off / DEPIN_PATIENCE, counted = 0;
    *at = never;
    if (held >= copies(queue)) {
        /* One of those that hold it, another each time. */
        size_t skip = slot->asked % held;
        for (i = 0; (slot->held >> i & 1u) == 0 || skip-- > 0; i++) {}
        *to = i;
        *at = slot->due > queue->operators[i].not_before ? slot->due : queue->operators[i].not_before;
        return DEPIN_ASK;
    }
    /* The first f + 1 of the order; one that fails is still tried but does not count, so that the next stands in. */
    for (i = 0; i < queue->operator_count && counted < wanted; i++) {
        const depin_operator *which = &queue->operators[i];
        uint64_t from = which->not_before > now ? which->not_before : now;
        if (slot->refused >> i & 1u) continue;
        if ((slot->held >> i & 1u) != 0 || which->failures < DEPIN_PATIENCE) counted++;
        if ((slot->held >> i & 1u) == 0 && from < *at) {
            *at = from;
            *to = i;
        }
    }
    return DEPIN_POST;
}

void depin_queue_next(depin_queue *queue, uint64_t now_ms, size_t most, depin_work *work)
{
    uint64_t first = never, after = 0;
    memset(work, 0, sizeof *work);
    if (most == 0) most = 1;
    if (most > DEPIN_MAX_BATCH) most = DEPIN_MAX_BATCH;
    while (work->count < most) {
        /* The oldest proof above those taken so far, with the same thing to do. */
        size_t i, best = queue->slot_count;
        for (i = 0; i < queue->slot_count; i++) {
            const depin_slot *slot = &queue->slots[i];
            size_t to = 0;
            uint64_t at;
            depin_action action;
            if (slot->length == 0 || (work->count > 0 && slot->sequence <= after)) continue;
            if (best != queue->slot_count && slot->sequence > queue->slots[best].sequence) continue;
            action = plan(queue, slot, now_ms, &to, &at);
            if (at < first) first = at;
            if (at > now_ms || (work->count > 0 && (action != work->action || to != work->to))) continue;
            best = i;
            if (work->count == 0) {
                work->action = action;
                work->to = to;
            }
        }
        if (best == queue->slot_count) break;
        after = queue->slots[best].sequence;
        work->sequences[work->count] = after;
        work->slots[work->count++] = best;
    }
    if (work->count == 0) {
        work->wait_ms = first == never ? never : first > now_ms ? first - now_ms : 0;
        return;
    }
    work->json = work->action == DEPIN_POST && most == 1;
    work->path = work->action == DEPIN_ASK ? "/v1/proofs:status" : work->json ? "/v1/proofs" : "/v1/proofs:batch";
    work->content_type = work->json ? "application/json" : "application/x-protobuf";
}

static depin_proof view(const depin_queue *queue, size_t slot)
{
    depin_proof proof;
    proof.envelope = slot_bytes(queue, slot);
    proof.length = queue->slots[slot].length;
    proof.signature = proof.envelope + proof.length;
    return proof;
}

depin_error depin_queue_request(const depin_queue *queue, depin_work *work, uint8_t *out, size_t capacity, size_t *size)
{
    depin_proof proofs[DEPIN_MAX_BATCH];
    const uint8_t *ids[DEPIN_MAX_BATCH];
    depin_error error = DEPIN_ARGUMENT;
    size_t i;
    if (queue == NULL || work == NULL || work->count == 0 || work->count > DEPIN_MAX_BATCH) return DEPIN_ARGUMENT;
    for (i = 0; i < work->count; i++) {
        proofs[i] = view(queue, work->slots[i]);
        ids[i] = queue->slots[work->slots[i]].id;
    }
    for (; work->count > 0; work->count--) {
        error = work->action == DEPIN_ASK ? depin_status_body(ids, work->count, out, capacity, size)
            : work->json ? depin_json_body(proofs, out, capacity, size)
            : depin_batch_body(proofs, work->count, out, capacity, size);
        if (error != DEPIN_ROOM) break;
    }
    return error;
}

/* The operator did nothing useful: it is left alone for a while, longer each time. */
static void fail(depin_queue *queue, depin_operator *which, uint64_t now, uint64_t at_least_ms)
{
    uint64_t wait;
    if (which->failures < UINT32_MAX) which->failures++;
    wait = depin_backoff_ms(which->failures, random_next(queue));
    if (wait < at_least_ms) wait = at_least_ms < BACKOFF_MOST_MS ? at_least_ms : BACKOFF_MOST_MS; /* who names a year shuts itself out no longer */
    which->not_before = now + wait;
}

static depin_error distrust(depin_queue *queue, depin_operator *which, uint64_t now)
{
    which->lies++;
    if (which->failures < DEPIN_PATIENCE - 1) which->failures = DEPIN_PATIENCE - 1;
    fail(queue, which, now, 0);
    return DEPIN_RECEIPT;
}

/* Returns whether the operator wants to be asked again. */
static int refuse(depin_queue *queue, depin_slot *slot, size_t to, uint32_t code, uint32_t retry_after_ms)
{
    uint32_t all = (uint32_t)(((uint64_t)1 << queue->operator_count) - 1);
    if (retry_after_ms > 0 || code == UNKNOWN_DEVICE || code == TOO_FAR_AHEAD || code == RATE_LIMITED || code == OVERLOADED || code == AWAITS_REPORT) {
        if (slot->put_off < UINT16_MAX) slot->put_off++; /* others get it too after a while: this one may lag, or lie */
        return 1;
    }
    slot->refused |= (uint32_t)1 << to;
    queue->last_refusal = code;
    if ((slot->held | slot->refused) == all) {
        slot->length = 0; /* more than f refuse it for good: no cut will count it */
        queue->given_up++;
    }
    return 0;
}

static depin_error posted_one(depin_queue *queue, const depin_work *work, uint64_t now, int status, uint32_t retry_ms, const uint8_t *body, size_t length)
{
    depin_operator *which = &queue->operators[work->to];
    depin_slot *slot = &queue->slots[work->slots[0]];
    depin_receipt receipt;
    uint8_t message[DEPIN_RECEIPT_MESSAGE_SIZE];
    uint32_t code;
    if (status != 200) {
        if (depin_read_problem(body, length, &code) != DEPIN_OK) {
            fail(queue, which, now, retry_ms);
            return DEPIN_ANSWER;
        }
        if (refuse(queue, slot, work->to, code, retry_ms)) fail(queue, which, now, retry_ms);
        else which->failures = 0;
        return DEPIN_OK;
    }
    if (depin_read_receipt(body, length, &receipt) != DEPIN_OK) {
        fail(queue, which, now, 0);
        return DEPIN_ANSWER;
    }
    /* The message is of what was sent and to whom: a receipt that names anything else was signed over something else. */
    depin_receipt_message(queue->network, slot->id, which->address, receipt.received_at, message);
    if (queue->verify(queue->verify_context, which->key, message, sizeof message, receipt.signature) != 0) return distrust(queue, which, now);
    which->failures = 0;
    slot->held |= (uint32_t)1 << work->to;
    slot->due = now + ASK_FIRST_MS;
    return DEPIN_OK;
}

static depin_error posted_many(depin_queue *queue, const depin_work *work, uint64_t now, const uint8_t *body, size_t length)
{
    depin_operator *which = &queue->operators[work->to];
    depin_result results[DEPIN_MAX_BATCH];
    depin_receipt receipt;
    uint8_t message[DEPIN_RECEIPTS_MESSAGE_SIZE];
    const uint8_t *ids[DEPIN_MAX_BATCH];
    uint32_t taken = 0, longest = 0, put_off = 0;
    size_t i;
    if (depin_read_receipts(body, length, results, work->count, &receipt) != DEPIN_OK) {
        fail(queue, which, now, 0);
        return DEPIN_ANSWER;
    }
    for (i = 0; i < work->count; i++) {
        if (results[i].code == 0) ids[taken++] = queue->slots[work->slots[i]].id;
    }
    if (taken > 0) {
        depin_receipts_message(queue->network, ids, taken, which->address, receipt.received_at, message);
        if (queue->verify(queue->verify_context, which->key, message, sizeof message, receipt.signature) != 0) return distrust(queue, which, now);
        which->failures = 0;
    }
    for (i = 0; i < work->count; i++) {
        depin_slot *slot = &queue->slots[work->slots[i]];
        if (results[i].code == 0) {
            slot->held |= (uint32_t)1 << work->to;
            slot->due = now + ASK_FIRST_MS;
        } else if (refuse(queue, slot, work->to, results[i].code, results[i].retry_after_ms)) {
            put_off++;
            if (results[i].retry_after_ms > longest) longest = results[i].retry_after_ms;
        }
    }
    if (put_off > 0) fail(queue, which, now, longest);
    else which->failures = 0;
    return DEPIN_OK;
}

static depin_error asked(depin_queue *queue, const depin_work *work, uint64_t now, int status, uint32_t retry_ms, const uint8_t *body, size_t length)
{
    depin_operator *which = &queue->operators[work->to];
    uint8_t stages[DEPIN_MAX_BATCH];
    int known = status == 200 && depin_read_stages(body, length, stages, work->count) == DEPIN_OK;
    size_t i;
    if (known) which->failures = 0;
    else fail(queue, which, now, retry_ms);
    for (i = 0; i < work->count; i++) {
        depin_slot *slot = &queue->slots[work->slots[i]];
        uint32_t wait = ASK_FIRST_MS << (slot->asked < 5 ? slot->asked : 5);
        slot->asked++;
        if (!known) continue; /* another one is asked */
        slot->due = now + (wait < ASK_MOST_MS ? wait : ASK_MOST_MS);
        if (stages[i] == 2) {
            slot->length = 0;
            queue->certified++;
        } else if (stages[i] == 0) {
            slot->held &= ~((uint32_t)1 << work->to); /* it signed for it and lost it: send it again */
        }
    }
    return known ? DEPIN_OK : DEPIN_ANSWER;
}

depin_error depin_queue_answer(depin_queue *queue, const depin_work *work, uint64_t now_ms, int status, uint32_t retry_after_s,
                               const uint8_t *body, size_t length)
{
    uint32_t retry_ms = retry_after_s < BACKOFF_MOST_MS / 1000 ? retry_after_s * 1000 : BACKOFF_MOST_MS;
    size_t i;
    if (queue == NULL || work == NULL || work->count == 0 || work->count > DEPIN_MAX_BATCH || work->to >= queue->operator_count || (body == NULL && length > 0))
        return DEPIN_ARGUMENT;
    for (i = 0; i < work->count; i++) {
        if (work->slots[i] >= queue->slot_count || queue->slots[work->slots[i]].length == 0 || queue->slots[work->slots[i]].sequence != work->sequences[i])
            return DEPIN_ARGUMENT;
    }
    if (body == NULL) {
        body = (const uint8_t *)"";
        length = 0;
    }
    if (work->action == DEPIN_ASK) return asked(queue, work, now_ms, status, retry_ms, body, length);
    if (work->json) return posted_one(queue, work, now_ms, status, retry_ms, body, length);
    if (status == 200) return posted_many(queue, work, now_ms, body, length);
    fail(queue, &queue->operators[work->to], now_ms, retry_ms);
    return DEPIN_ANSWER;
}
