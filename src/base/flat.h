/*
 * For the few functions that every connection goes through once: whatever they call is written into
 * them, so that nothing is put into memory to be handed over.  Of what is larger than that the
 * compiler makes more code, not faster code: each use was counted.
 */
#ifndef BASE_FLAT_H
#define BASE_FLAT_H

#define FLAT __attribute__((flatten))

#endif
