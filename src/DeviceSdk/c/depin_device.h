/*
 * What a device needs to have its work counted: proofs, sequences that are never used twice, and a queue that sends each proof until f + 1
 * operators have signed for it and one says that it is certified. C99; no heap, no stdio, no clock, no floating point, no state of its own: all
 * memory is yours, and so are key, transport, clock and non-volatile storage. Bytes: docs/protocol.md; how to start: docs/devices.md.
 * Nothing here may be called for the same object from two threads at once.
 */
#ifndef DEPIN_DEVICE_H
#define DEPIN_DEVICE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DEPIN_HEADER_SIZE 103u         /* bytes of an envelope before its payload */
#define DEPIN_MAX_PAYLOAD 4096u        /* most bytes of a payload */
#define DEPIN_SIGNATURE_SIZE 64u       /* of every key type */
#define DEPIN_MAX_OPERATORS 31u        /* a network has 4, 7, ... 31 */
#define DEPIN_RECEIPT_MESSAGE_SIZE 109u  /* what an operator signs for one proof */
#define DEPIN_RECEIPTS_MESSAGE_SIZE 114u /* ... and for the proofs of one request */
#define DEPIN_RECORD_SIZE 16u          /* a sequence record in non-volatile storage */
#define DEPIN_MAX_SEQUENCE 0x7fffffffffffffffu /* operators take none above */
#ifndef DEPIN_MAX_BATCH
#define DEPIN_MAX_BATCH 16u            /* most proofs of one request */
#endif

/* Bytes of a slot, of the JSON body for one proof, and of a protobuf body for `proofs`, with payloads of at most `payload` bytes. */
#define DEPIN_SLOT_BYTES(payload) (DEPIN_HEADER_SIZE + (payload) + DEPIN_SIGNATURE_SIZE)
#define DEPIN_JSON_BYTES(payload) ((DEPIN_HEADER_SIZE + (payload) + 2u) / 3u * 4u + 115u)
#define DEPIN_BATCH_BYTES(payload, proofs) ((proofs) * (DEPIN_SLOT_BYTES(payload) + 9u))

/* What went wrong. The numbers are for ever. */
typedef enum depin_error {
    DEPIN_OK = 0,
    DEPIN_ARGUMENT = 1,  /* a missing pointer or a value out of its range: a mistake in the calling program */
    DEPIN_PAYLOAD = 2,   /* the payload is longer than DEPIN_MAX_PAYLOAD, or than the slots were made for */
    DEPIN_ROOM = 3,      /* the buffer is too small: see the macros above */
    DEPIN_SIGNER = 4,    /* the signer failed; the sequence is spent */
    DEPIN_STORAGE = 5,   /* the sequence store failed or is damaged: no proof can be made, for a sequence might be used twice */
    DEPIN_EXHAUSTED = 6, /* all sequences are spent: the device needs a new key */
    DEPIN_FULL = 7,      /* no free slot: wait, or drop the oldest */
    DEPIN_ANSWER = 8,    /* the operator did not answer, or not as it should; it is tried again later */
    DEPIN_RECEIPT = 9    /* the operator's receipt is not its own or not for these proofs: it counts for nothing */
} depin_error;

/* Signs `message`; 0 = done. Ed25519: over the message. P-256, secp256k1: r, s (low) over its SHA-256. */
typedef int (*depin_sign)(void *context, const uint8_t *message, size_t length, uint8_t signature[64]);

/* Whether Ed25519 `key` made `signature` for `message`; 0 = it did. */
typedef int (*depin_verify)(void *context, const uint8_t key[32], const uint8_t *message, size_t length, const uint8_t signature[64]);

/* ---- hashes and bytes ---- */

void depin_sha256(const uint8_t *data, size_t length, uint8_t hash[32]);
void depin_keccak256(const uint8_t *data, size_t length, uint8_t hash[32]);

/* The id under which a device is registered. Key type 1 secp256k1 and 2 P-256: 64 bytes x, y; 3 Ed25519: 32 bytes. */
depin_error depin_device_id(uint8_t key_type, const uint8_t *public_key, size_t length, uint8_t id[32]);

/* What a device states. */
typedef struct depin_statement {
    uint16_t resource_class;
    uint16_t schema;         /* payload layout within the class */
    uint64_t time_ms;        /* network time since 1970, when the work was done */
    const uint8_t *payload;  /* the class's canonical layout; may be null when empty */
    size_t payload_length;
} depin_statement;

/* Lays out the bytes that a device signs; `size` = DEPIN_HEADER_SIZE + payload. The proof's id is their SHA-256. */
depin_error depin_envelope(const uint8_t network[32], const uint8_t device[32], uint64_t sequence, const depin_statement *what,
                           uint8_t *out, size_t capacity, size_t *size);

/* ---- sequences ---- */

/*
 * No sequence may ever be used twice: two different proofs of one sequence are both rejected. So sequences are reserved in blocks: `store` must
 * have made the number durable when it returns 0, and only then are the sequences up to it used. Power lost at any moment leaves a gap, which is
 * allowed. A number is stored once in `block` proofs: choose it by how often your flash may be written.
 */
typedef struct depin_sequence {
    int (*load)(void *context, uint64_t *reserved);  /* what was stored last, 0 on a new device; returns 0, else it cannot be known */
    int (*store)(void *context, uint64_t reserved);  /* returns 0 once it is durable; a failed or cut off one leaves the old or the new */
    void *context;
    uint32_t block;     /* sequences reserved at once, 1 or more */
    uint64_t used;      /* private from here */
    uint64_t reserved;
} depin_sequence;

depin_error depin_sequence_open(depin_sequence *sequence);                   /* after load, store, context, block are set */
depin_error depin_sequence_next(depin_sequence *sequence, uint64_t *next);   /* the first is 1 */

/*
 * For `load` and `store` over two places of DEPIN_RECORD_SIZE bytes that can be written one by one (flash pages, EEPROM): read both, let
 * depin_record_pick tell the number and which place to overwrite next. A write that was cut off is told by its check. Places that are all 0xff
 * or 0x00 are blank. DEPIN_STORAGE: nothing readable is left, though something was written.
 */
void depin_record_make(uint64_t reserved, uint8_t record[16]);
depin_error depin_record_pick(const uint8_t first[16], const uint8_t second[16], uint64_t *reserved, int *overwrite);

/* ---- the queue ---- */

/* An operator, as registered on chain. The queue brings them into the order in which the device uses them. */
typedef struct depin_operator {
    uint8_t address[20];   /* of its report key */
    uint8_t key[32];       /* its Ed25519 protocol key: what receipts are checked with */
    const void *user;      /* yours, such as where it listens */
    uint64_t not_before;   /* from here the queue's. ms: it is left alone until then */
    uint32_t failures;     /* in a row; from DEPIN_PATIENCE on the next operator stands in */
    uint32_t lies;         /* false receipts */
} depin_operator;

#define DEPIN_PATIENCE 3u

/* A proof that is kept. The envelope and then the signature lie in the queue's bytes. */
typedef struct depin_slot {
    uint64_t sequence;
    uint64_t due;          /* ms: not asked for before */
    uint32_t held;         /* bit i: operators[i] gave a good receipt */
    uint32_t refused;      /* bit i: operators[i] will never take it */
    uint32_t length;       /* of the envelope; 0 = free */
    uint16_t put_off;      /* times that an operator told it to come again */
    uint16_t asked;
    uint8_t id[32];
} depin_slot;

typedef struct depin_queue {
    uint8_t network[32];
    uint8_t device[32];
    depin_sign sign;
    void *sign_context;
    depin_verify verify;
    void *verify_context;
    depin_sequence *sequence;
    depin_operator *operators;   /* all of the network: 3f + 1 */
    size_t operator_count;
    depin_slot *slots;
    size_t slot_count;
    uint8_t *bytes;              /* slot_count * stride */
    size_t stride;               /* DEPIN_SLOT_BYTES(most bytes of a payload) */
    uint32_t random;             /* private from here */
    uint32_t certified;          /* counts: proofs that cannot be lost, */
    uint32_t given_up;           /* that no operator will take, */
    uint32_t dropped;            /* that you dropped */
    uint32_t last_refusal;       /* number of the newest final refusal (IngestRefusal), 0 = none */
} depin_queue;

typedef enum depin_action { DEPIN_WAIT = 0, DEPIN_POST = 1, DEPIN_ASK = 2 } depin_action;

/* What to do now. POST and ASK are one HTTP POST each, to operators[to]. */
typedef struct depin_work {
    depin_action action;
    size_t to;
    size_t count;
    size_t slots[DEPIN_MAX_BATCH];
    uint64_t sequences[DEPIN_MAX_BATCH];
    uint64_t wait_ms;            /* with WAIT: nothing is to be done before, unless a proof is added */
    int json;                    /* the POST is of one proof, in JSON; else protobuf */
    const char *path;
    const char *content_type;
} depin_work;

/*
 * After everything above `random` is set. Slots and bytes that outlive a restart (FRAM, a mapped file) keep their proofs: each that is whole is
 * sent again; new memory must be zero. Opens the sequence as well.
 */
depin_error depin_queue_open(depin_queue *queue);

/* Makes, signs and keeps a proof; `id` may be null. */
depin_error depin_queue_prove(depin_queue *queue, const depin_statement *what, uint8_t id[32]);

/* Forgets the oldest proof, certified or not. */
void depin_queue_drop_oldest(depin_queue *queue);

/* Proofs kept. */
size_t depin_queue_kept(const depin_queue *queue);

/* Chooses what to do: at most `most` proofs in one request, oldest first; with 1, posts are JSON. `now_ms` never runs backwards. */
void depin_queue_next(depin_queue *queue, uint64_t now_ms, size_t most, depin_work *work);

/* Writes the request's body. Proofs that find no room are left for the next time; DEPIN_ROOM: not even one fits. */
depin_error depin_queue_request(const depin_queue *queue, depin_work *work, uint8_t *out, size_t capacity, size_t *size);

/*
 * Takes the answer: HTTP status (0 = none came), Retry-After in seconds (0 = not there), body. To be called once for each work that was
 * a POST or an ASK. What it returns is for your log; the queue already acts on it. DEPIN_ARGUMENT: one of its proofs was dropped meanwhile, and
 * nothing was done.
 */
depin_error depin_queue_answer(depin_queue *queue, const depin_work *work, uint64_t now_ms, int status, uint32_t retry_after_s,
                               const uint8_t *body, size_t length);

/* ---- what the queue is made of, for programs with one of their own ---- */

/* A signed proof in memory. */
typedef struct depin_proof {
    const uint8_t *envelope;
    size_t length;
    const uint8_t *signature;
} depin_proof;

/* A receipt: of one proof (with its id) or of the proofs of a request that were taken. */
typedef struct depin_receipt {
    uint8_t id[32];
    uint8_t address[20];
    uint64_t received_at;
    uint8_t signature[64];
    uint32_t durable;      /* proofs that it covers */
} depin_receipt;

/* What became of one proof of a request; code 0 = taken, else IngestRefusal. */
typedef struct depin_result {
    uint32_t code;
    uint32_t retry_after_ms;
} depin_result;

/* Waits double from 1 s to 5 min; the upper half is chance, so that a fleet does not come back in step. */
uint32_t depin_backoff_ms(uint32_t failures, uint32_t random);

/* Sorts operators into the order keyed by the device: ascending keccak(device id, address). */
void depin_route(const uint8_t device[32], depin_operator *operators, size_t count);

depin_error depin_json_body(const depin_proof *proof, uint8_t *out, size_t capacity, size_t *size);
depin_error depin_batch_body(const depin_proof *proofs, size_t count, uint8_t *out, size_t capacity, size_t *size);
depin_error depin_status_body(const uint8_t *const *ids, size_t count, uint8_t *out, size_t capacity, size_t *size);

/* Any bytes may be given: what is not well-formed is DEPIN_ANSWER. A receipt that was read is not yet one that is true. */
depin_error depin_read_receipt(const uint8_t *body, size_t length, depin_receipt *receipt);
depin_error depin_read_receipts(const uint8_t *body, size_t length, depin_result *results, size_t count, depin_receipt *receipt);
depin_error depin_read_problem(const uint8_t *body, size_t length, uint32_t *code);
depin_error depin_read_stages(const uint8_t *body, size_t length, uint8_t *stages, size_t count); /* 0 not held, 1 durable, 2 certified */

/* The bytes under a receipt. */
void depin_receipt_message(const uint8_t network[32], const uint8_t id[32], const uint8_t address[20], uint64_t received_at,
                           uint8_t message[DEPIN_RECEIPT_MESSAGE_SIZE]);
void depin_receipts_message(const uint8_t network[32], const uint8_t *const *ids, uint32_t count, const uint8_t address[20],
                            uint64_t received_at, uint8_t message[DEPIN_RECEIPTS_MESSAGE_SIZE]);

#ifdef __cplusplus
}
#endif

#endif
