/* The hypervisor's own options: every word, what a wrong one is told, what they do to features. */
#include "tests/unit/unit.h"
#include "tests/unit/fake_console.h"
#include "hyp/core/options.c"

struct features features;

#define THE_OPTIONS                                                                 \
    "The options (/chosen/bootargs) are:\n"                                         \
    "  sstc=off           timers by firmware, as on a hart without Sstc\n"          \
    "  htinst=ignore      fetch faulting instructions, as where htinst is 0\n"      \
    "  vmidlen=0          no VMIDs: flush at every change of vCPU\n"                \
    "  vmidlen=1          VMIDs of 1 bit\n"                                         \
    "  vmidlen=2          VMIDs of 2 bits\n"                                        \
    "  console=uart       print through the UART of the device tree\n"              \
    "  console=firmware   print through the firmware\n"                             \
    "  console=legacy     print through the firmware's legacy calls\n"              \
    "  monitor=on         begin in the monitor, and stay when all VMs have ended\n" \
    "  colour=on          the names of VMs in colours, for a terminal\n"            \
    "  escape=^]          the key that leaves a VM's console; ^A to ^Z, ^[ to ^_\n"

static bool debug_console_forgotten;

void firmware_forget_debug_console(void)
{
    debug_console_forgotten = true;
}

/* As at boot, before any word is read. */
static const struct options none = {.vmid_bits_max = VMID_BITS_ALL};

static bool parse(const char *words)
{
    options = none;
    debug_console_forgotten = false;
    console_forget();
    return options_parse(words);
}

static bool options_are(struct options expected)
{
    return !memcmp(&options, &expected, sizeof(options));
}

TEST(every_word_sets_its_option_and_no_other)
{
    static const struct {
        const char *word;
        struct options expected;
    } cases[] = {
        {"sstc=off", {.sstc_off = true, .vmid_bits_max = VMID_BITS_ALL}},
        {"htinst=ignore", {.htinst_ignore = true, .vmid_bits_max = VMID_BITS_ALL}},
        {"vmidlen=0", {.vmid_bits_max = 0}},
        {"vmidlen=1", {.vmid_bits_max = 1}},
        {"vmidlen=2", {.vmid_bits_max = 2}},
        {"console=uart", {.vmid_bits_max = VMID_BITS_ALL, .console = CONSOLE_UART}},
        {"console=firmware", {.vmid_bits_max = VMID_BITS_ALL, .console = CONSOLE_FIRMWARE}},
        {"console=legacy", {.vmid_bits_max = VMID_BITS_ALL, .console = CONSOLE_LEGACY}},
        {"monitor=on", {.vmid_bits_max = VMID_BITS_ALL, .monitor = true}},
        {"colour=on", {.vmid_bits_max = VMID_BITS_ALL, .colour = true}},
    };

    CHECK_EQ(ARRAY_SIZE(cases), ARRAY_SIZE(table));
    for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
        CHECK(parse(cases[i].word));
        CHECK(options_are(cases[i].expected));
        CHECK_STR(fake_console.text, "");
    }
}

TEST(the_escape_key_is_any_control_character)
{
    char word[] = "escape=^?";

    for (char letter = 'A'; letter <= '_'; letter++) {
        word[sizeof(word) - 2] = letter;
        CHECK(parse(word));
        CHECK_EQ(options.escape, (u32)letter - '@');
    }
    CHECK(!parse("escape=^@"));
    CHECK(!parse("escape=^"));
    CHECK(!parse("escape=A"));
    CHECK(!parse("escape=^a"));
    CHECK(!parse("escape=^AB"));
    CHECK(!parse("escape="));
}

TEST(no_words_set_nothing)
{
    static const char *const nothing[] = {"", " ", "     "};

    for (u32 i = 0; i < ARRAY_SIZE(nothing); i++) {
        CHECK(parse(nothing[i]));
        CHECK(options_are(none));
        CHECK_STR(fake_console.text, "");
    }
}

TEST(words_with_any_spaces_between_and_the_last_of_a_kind_counts)
{
    CHECK(parse("  sstc=off   vmidlen=1 htinst=ignore console=firmware  "));
    CHECK(options_are((struct options){
        .sstc_off = true, .htinst_ignore = true, .vmid_bits_max = 1, .console = CONSOLE_FIRMWARE}));
    CHECK(parse("vmidlen=2 console=firmware vmidlen=0 console=uart"));
    CHECK(options_are((struct options){.vmid_bits_max = 0, .console = CONSOLE_UART}));
}

TEST(a_wrong_word_is_told_with_all_that_there_are)
{
    static const char *const wrong[] = {"sstc",     "sstc=",        "sstc=of",   "sstc=offf",
                                        "sstc=on",  "SSTC=off",     "=",         "vmidlen=3",
                                        "vmidlen=", "vmidlen=10",   "x",         "sstc=off,",
                                        "htinst=0", "console=none", "console",   "\tsstc=off",
                                        "quiet",    "console=ua",   "vmidlen=-1"};
    char expected[2048];

    for (u32 i = 0; i < ARRAY_SIZE(wrong); i++) {
        CHECK(!parse(wrong[i]));
        snprintf(expected, sizeof(expected), "Twofold: option \"%s\" is unknown. %s", wrong[i],
                 THE_OPTIONS);
        CHECK_STR(fake_console.text, expected);
    }
}

TEST(the_wrong_word_among_right_ones_is_the_one_told)
{
    CHECK(!parse("sstc=off vmidlan=1 console=uart"));
    CHECK_STR(fake_console.text, "Twofold: option \"vmidlan=1\" is unknown. " THE_OPTIONS);
}

TEST(a_word_longer_than_a_line_is_told_on_a_line_of_its_own)
{
    static char word[1000];

    memset(word, 'w', sizeof(word) - 1);
    CHECK(!parse(word));
    CHECK(strstr(fake_console.text, "Twofold: option \"wwww"));
    CHECK(strstr(fake_console.text, "\n  sstc=off "));
    CHECK(console_line_ended());
}

static const struct features all_features = {
    .sstc = true, .htinst = HTINST_TRANSFORMED, .htinst_mask = ~0u, .vmid_bits = 7};

static void apply(const char *words, const struct features *probed)
{
    CHECK(parse(words));
    features = *probed;
    options_apply();
}

TEST(without_options_the_features_are_what_was_probed)
{
    apply("", &all_features);
    CHECK(!memcmp(&features, &all_features, sizeof(features)));
    apply("console=uart", &all_features);
    CHECK(!memcmp(&features, &all_features, sizeof(features)));
}

TEST(each_option_takes_away_its_feature_only)
{
    apply("sstc=off", &all_features);
    CHECK(!features.sstc);
    CHECK(features.htinst == HTINST_TRANSFORMED && features.htinst_mask == ~0u);
    CHECK_EQ(features.vmid_bits, 7);
    apply("htinst=ignore", &all_features);
    CHECK(features.sstc);
    CHECK(features.htinst == HTINST_ZERO && features.htinst_mask == 0);
    apply("vmidlen=0", &all_features);
    CHECK_EQ(features.vmid_bits, 0);
    apply("vmidlen=2", &all_features);
    CHECK_EQ(features.vmid_bits, 2);
    CHECK(features.sstc && features.htinst_mask == ~0u);
    CHECK(!debug_console_forgotten);
    apply("console=legacy", &all_features);
    CHECK(debug_console_forgotten);
}

TEST(no_option_adds_what_the_hart_lacks)
{
    const struct features poor = {.vmid_bits = 1};

    apply("vmidlen=2", &poor);
    CHECK_EQ(features.vmid_bits, 1);
    CHECK(!features.sstc);
    apply("sstc=off htinst=ignore vmidlen=1", &poor);
    CHECK(!memcmp(&features, &poor, sizeof(features)));
}

UNIT_MAIN("options")
