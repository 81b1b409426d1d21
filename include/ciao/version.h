/* The version of ciao, as meson.build has it (a test compares). */
#ifndef CIAO_VERSION_H
#define CIAO_VERSION_H

#define CIAO_VERSION "0.1.0"

#endif
