/* Signer and verifier for depin_device.h over libsodium, for devices that have it. Optional: any Ed25519 will do. */
#ifndef DEPIN_SODIUM_H
#define DEPIN_SODIUM_H

#include <stddef.h>
#include <stdint.h>

/* An Ed25519 key: libsodium's secret key, seed and then public key. */
typedef struct depin_sodium_key {
    uint8_t secret[64];
} depin_sodium_key;

/* From the 32 bytes of a key file; 0 = done. `public_key` has key type 3. */
int depin_sodium_open(depin_sodium_key *key, const uint8_t seed[32], uint8_t public_key[32]);

int depin_sodium_sign(void *key, const uint8_t *message, size_t length, uint8_t signature[64]);   /* a depin_sign */
int depin_sodium_verify(void *unused, const uint8_t key[32], const uint8_t *message, size_t length, const uint8_t signature[64]); /* a depin_verify */

#endif
