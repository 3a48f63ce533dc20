/* What a guest may know of the ISA: names kept and withheld, and strings filtered. */
#include "tests/unit/unit.h"
#include "hyp/vm/guest_isa.c"

#define ROOM 512

struct features features;

static void probed(bool sstc, bool adue)
{
    features = (struct features){.sstc = sstc, .guest_adue = adue};
}

static bool keeps(const char *name)
{
    return guest_isa_keeps(name, (u32)strlen(name), features.guest_adue);
}

/* The string, filtered into a buffer of `size` bytes that ASan watches. */
static const char *filtered(const char *isa, u32 size)
{
    static char result[ROOM];
    char *out = malloc(size);

    memset(out, 'z', size);
    guest_isa_filter(isa, features.guest_adue, out, size);
    memcpy(result, out, size);
    free(out);
    CHECK(memchr(result, '\0', size));
    return result;
}

TEST(what_a_guest_can_use_is_kept)
{
    static const char *const names[] = {
        "i",
        "m",
        "a",
        "f",
        "d",
        "c",
        "b",
        "zicbom",
        "zicbop",
        "zicboz",
        "zicntr",
        "zicsr",
        "zifencei",
        "zihintpause",
        "zba",
        "zbb",
        "zbc",
        "zbs",
        "zbkb",
        "zknd",
        "zfa",
        "zfh",
        "zca",
        "zcb",
        "zawrs",
        "zacas",
        "zaamo",
        "zalrsc",
        "svinval",
        "ssccptr",
        "sscounterenw",
        "sstvala",
        "sstvecd",
        "svvptc",
        "zicond",
        "zimop",
        "ztso",
    };

    probed(true, true);
    for (u32 i = 0; i < ARRAY_SIZE(names); i++)
        if (!keeps(names[i]))
            UNIT_FAIL("%s is withheld", names[i]);
}

TEST(what_a_guest_does_not_get_is_withheld)
{
    static const char *const names[] = {
        /* the hypervisor extension and what refines it */
        "h",
        "sha",
        "shcounterenw",
        "shgatpa",
        "shtvala",
        "shvsatpa",
        "shvstvala",
        "shvstvecd",
        /* V and its parts */
        "v",
        "zve32x",
        "zve64d",
        "zvl128b",
        "zvbb",
        "zvbc",
        "zvkb",
        "zvkned",
        "zvkt",
        "zvfh",
        "zvfbfmin",
        /* M-mode's */
        "smaia",
        "smstateen",
        "smepmp",
        "smcntrpmf",
        "smrnmi",
        "smcdeleg",
        "smcsrind",
        "smctr",
        "smmpm",
        "smnpm",
        "supm",
        "ssdbltrp",
        "svpbmt",
        /* counters, interrupt controllers and state that a VM does not have */
        "ssaia",
        "ssstateen",
        "sscofpmf",
        "sscsrind",
        "ssccfg",
        "ssctr",
        "ssnpm",
        "sspm",
        "zihpm",
        "zcmt",
        "zfinx",
        "zdinx",
        "zhinx",
        "zhinxmin",
        "zicfilp",
        "zicfiss",
    };

    probed(true, true);
    for (u32 i = 0; i < ARRAY_SIZE(names); i++)
        if (keeps(names[i]))
            UNIT_FAIL("%s is kept", names[i]);
}

TEST(a_name_is_withheld_whole_not_for_its_beginning)
{
    static const char *const names[] = {
        "hx", "vx", "shax", "smaiax", "ssaiax", "zv", "z", "s", "sh", "smstateenx", "zicfi", "ss",
    };

    probed(true, true);
    for (u32 i = 0; i < ARRAY_SIZE(names); i++)
        if (!keeps(names[i]))
            UNIT_FAIL("%s is withheld", names[i]);
}

TEST(only_length_characters_of_a_name_count)
{
    char *name = malloc(3); /* no end: ASan sees a character too many */
    bool keeps_sha, keeps_sh;

    memcpy(name, "sha", 3);
    probed(true, true);
    keeps_sha = guest_isa_keeps(name, 3, false);
    keeps_sh = guest_isa_keeps(name, 2, false);
    free(name);
    CHECK(!keeps_sha);
    CHECK(keeps_sh);
    CHECK(!guest_isa_keeps("ssaia_zba", 5, false));
    CHECK(!guest_isa_keeps("hzba", 1, false));
}

TEST(sstc_and_svadu_are_what_was_probed)
{
    for (u32 sstc = 0; sstc < 2; sstc++)
        for (u32 adue = 0; adue < 2; adue++) {
            probed(sstc, adue);
            CHECK_EQ(keeps("sstc"), sstc);
            CHECK_EQ(keeps("svadu"), adue);
            CHECK(keeps("sstcx") && keeps("svad"));
        }
}

TEST(strings)
{
    static const struct {
        const char *host, *guest;
    } cases[] = {
        {"rv32imafdch_zicsr_zifencei_zba", "rv32imafdc_zicsr_zifencei_zba"},
        {"rv32ima", "rv32ima"},
        {"rv32i", "rv32i"},
        {"rv32imafdcvh", "rv32imafdc"},
        {"rv32imafdcbvh_zvl128b_zvkned_zbb", "rv32imafdcb_zbb"},
        {"rv32ih_h_v_zba", "rv32i_zba"},
        {"rv32ima_shgatpa_smaia_ssaia_sstc_svadu", "rv32ima_sstc_svadu"},
        {"rv32ima_ssaia", "rv32ima"},
        {"rv64imafdch_zicsr", "rv64imafdc_zicsr"},
        {"", ""},
        {"rv3", "rv3"},
        {"rv32", "rv32"},
        {"rv32_zba", "rv32_zba"},
        {"rv32h_zba", "rv32_zba"},
    };

    probed(true, true);
    for (u32 i = 0; i < ARRAY_SIZE(cases); i++)
        CHECK_STR(filtered(cases[i].host, ROOM), cases[i].guest);
    probed(false, false);
    CHECK_STR(filtered("rv32ima_sstc_zba_svadu", ROOM), "rv32ima_zba");
}

/* The device-tree binding of "riscv,isa" allows the first long name right behind the letters. */
TEST(a_long_name_right_behind_the_letters)
{
    probed(true, true);
    CHECK_STR(filtered("rv32imahzihintpause_zba", ROOM), "rv32imazihintpause_zba");
    CHECK_STR(filtered("rv32imasvinval_zba", ROOM), "rv32imasvinval_zba");
    CHECK_STR(filtered("rv32imassaia_zba", ROOM), "rv32ima_zba");
}

TEST(underscores_without_a_name_do_no_harm)
{
    static const char *const strings[] = {"rv32ima__zba", "rv32ima_", "_", "__", "rv32ima___h__"};

    probed(true, true);
    for (u32 i = 0; i < ARRAY_SIZE(strings); i++)
        CHECK(strlen(filtered(strings[i], ROOM)) <= strlen(strings[i]));
}

static bool has_name(const char *isa, const char *name, u32 length)
{
    for (const char *at = strchr(isa, '_'); at; at = strchr(at + 1, '_'))
        if (strcspn(at + 1, "_") == length && !strncmp(at + 1, name, length))
            return true;
    return false;
}

/* In a buffer too small, whatever is there is there whole, and nothing that fits is left out. */
TEST(a_small_buffer_has_whole_names_only)
{
    static const char isa[] = "rv32imafdc_zicsr_zihintpause_zba_svinval_zbb";
    char longest[ROOM];

    probed(true, true);
    for (u32 size = 5; size <= sizeof(isa); size++) { /* the base always fits */
        const char *text = filtered(isa, size);

        CHECK(strlen(text) < size);
        CHECK(!strncmp(text, isa, strlen(text) < 10 ? strlen(text) : 10));
        for (const char *at = strchr(text, '_'); at; at = strchr(at + 1, '_'))
            CHECK(has_name(isa, at + 1, (u32)strcspn(at + 1, "_")));
        strcpy(longest, text);
    }
    CHECK_STR(longest, isa);
    CHECK_STR(filtered(isa, 15), "rv32imafdc_zba"); /* past what does not fit */
}

TEST(nothing_withheld_is_in_a_filtered_string)
{
    /* All that QEMU 10 knows: its -cpu max on RV32. */
    static const char isa[] =
        "rv32imafdcbvh_zic64b_zicbom_zicbop_zicboz_ziccamoa_ziccif_zicclsm_ziccrse_zicfilp_zicfiss_"
        "zicond_zicntr_zicsr_zifencei_zihintntl_zihintpause_zihpm_zimop_zmmul_za64rs_zabha_zacas_"
        "zama16b_zalrsc_zawrs_zfa_zfbfmin_zfh_zfhmin_zca_zcb_zcf_zcd_zcmop_zba_zbb_zbc_zbkb_zbkc_"
        "zbkx_zbs_zk_zkn_zknd_zkne_zknh_zkr_zks_zksed_zksh_zkt_ztso_zvbb_zvbc_zve32f_zve32x_zve64f_"
        "zve64d_zve64x_zvfbfmin_zvfbfwma_zvfh_zvfhmin_zvkb_zvkg_zvkn_zvknc_zvkned_zvkng_zvknha_"
        "zvknhb_zvks_zvksc_zvksed_zvksg_zvksh_zvkt_shcounterenw_sha_shgatpa_shtvala_shvsatpa_"
        "shvstvala_shvstvecd_smaia_smcdeleg_smcntrpmf_smcsrind_smepmp_smmpm_smnpm_smstateen_ssaia_"
        "ssccfg_ssccptr_sscofpmf_sscounterenw_sscsrind_ssdbltrp_ssnpm_sspm_ssstateen_sstc_sstvala_"
        "sstvecd_ssu64xl_supm_smctr_ssctr_svadu_svinval_svnapot_svpbmt_svvptc";
    char text[1024], twice[1024];

    for (u32 sstc = 0; sstc < 2; sstc++) {
        probed(sstc, !sstc);
        guest_isa_filter(isa, features.guest_adue, text, sizeof(text));
        CHECK(!strncmp(text, "rv32imafdcb_", 12));
        for (u32 i = 0; i < ARRAY_SIZE(withheld); i++)
            CHECK(!has_name(text, withheld[i], (u32)strlen(withheld[i])));
        CHECK(!strstr(text, "_zv") && !strstr(text, "_shgatpa"));
        CHECK_EQ(has_name(text, "sstc", 4), sstc);
        CHECK_EQ(has_name(text, "svadu", 5), !sstc);
        guest_isa_filter(text, features.guest_adue, twice, sizeof(twice));
        CHECK_STR(twice, text);
        CHECK(strlen(text) < 512); /* what guest_fdt.c has room for */
    }
}

UNIT_MAIN("guest_isa")
