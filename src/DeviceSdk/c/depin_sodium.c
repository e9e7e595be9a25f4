#include "depin_sodium.h"

/* What is used of libsodium, declared here so that its shared library suffices; its own header says the same. */
int sodium_init(void);
int crypto_sign_seed_keypair(unsigned char *pk, unsigned char *sk, const unsigned char *seed);
int crypto_sign_detached(unsigned char *sig, unsigned long long *siglen_p, const unsigned char *m, unsigned long long mlen, const unsigned char *sk);
int crypto_sign_verify_detached(const unsigned char *sig, const unsigned char *m, unsigned long long mlen, const unsigned char *pk);

int depin_sodium_open(depin_sodium_key *key, const uint8_t seed[32], uint8_t public_key[32])
{
    if (sodium_init() < 0) return -1;
    return crypto_sign_seed_keypair(public_key, key->secret, seed);
}

int depin_sodium_sign(void *key, const uint8_t *message, size_t length, uint8_t signature[64])
{
    return crypto_sign_detached(signature, NULL, message, length, ((const depin_sodium_key *)key)->secret);
}

int depin_sodium_verify(void *unused, const uint8_t key[32], const uint8_t *message, size_t length, const uint8_t signature[64])
{
    (void)unused;
    return crypto_sign_verify_detached(signature, message, length, key);
}
