/*
 * The flattened device tree as bytes, version 17, all numbers big-endian (Devicetree Specification,
 * "Flattened Devicetree (DTB) Format"): a header, then three blocks in any order. For the reader
 * and the writer.
 *
 *   reservations   pairs of address and size, the last one of zeros
 *   structure      BEGIN_NODE name  { PROP length nameoff value }  { child nodes }  END_NODE  END
 *                  each token padded to 4 bytes, NOPs anywhere between
 *   strings        the names of the properties
 */
#ifndef CORE_FDT_FORMAT_H
#define CORE_FDT_FORMAT_H

#define FDT_FORMAT_MAGIC           0xd00dfeedu
#define FDT_FORMAT_VERSION         17u
#define FDT_FORMAT_LAST_COMPATIBLE 16u

/* Where the fields of the header are. */
enum {
    HEADER_MAGIC = 0,
    HEADER_TOTAL_SIZE = 4,
    HEADER_STRUCTURE = 8,
    HEADER_STRINGS = 12,
    HEADER_RESERVATIONS = 16,
    HEADER_VERSION = 20,
    HEADER_LAST_COMPATIBLE = 24,
    HEADER_BOOT_HART = 28,
    HEADER_STRINGS_SIZE = 32,
    HEADER_STRUCTURE_SIZE = 36,
    HEADER_SIZE = 40,
};

enum token {
    TOKEN_BEGIN_NODE = 1,
    TOKEN_END_NODE = 2,
    TOKEN_PROP = 3,
    TOKEN_NOP = 4,
    TOKEN_END = 9,
};

#define TOKEN_SIZE       4u
#define PROP_HEADER_SIZE 12u /* token, length, name offset */
#define RESERVATION_SIZE 16u /* address, size */

#endif
