/*
 * Runs in docs/walk.html, in a copy that tests/walk_page.py has made: it stands behind the page's own scripts, uses the
 * page as a person does, and leaves its results in the document.
 */
'use strict';

const results = [];
const page_errors = window.page_errors;     /* what the page has complained of, from its first line on */

function check(condition, message) {
    if (!condition)
        throw new Error(message);
}

function check_equal(found, expected, message) {
    check(found === expected, `${message}: ${found}, expected ${expected}`);
}

async function test(name, body) {
    try {
        const detail = await body();

        results.push({name, passed: true, detail: detail || ''});
    } catch (error) {
        results.push({name, passed: false, detail: `${error.message} ${(error.stack || '').split('\n')[1] || ''}`.trim()});
    }
}

/* ---- What a person does ---- */

const by_id = id => document.getElementById(id);
const text_of = id => by_id(id).textContent;
const press = key => document.body.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true}));
const click = id => by_id(id).click();
const press_flag = letter => by_id('flags').children['DAGUXWRV'.indexOf(letter)].click();
const cells = () => [...by_id('figure').querySelectorAll('.cell')];
const reads = () => cells().length - 1;

function enter(id, value) {
    by_id(id).value = value;
    by_id(id).dispatchEvent(new Event('change', {bubbles: true}));
}

/* Chooses the sample whose name has these words, or that of a number. */
function choose_sample(words) {
    const options = [...by_id('choice').options];
    const has_words = option => option.textContent.includes(words);
    const option = typeof words === 'number' ? options[words] : options.find(has_words);

    check(option, `there is no sample "${words}"`);
    enter('choice', option.value);
}

function go_to(read) {
    press('Home');
    for (let i = 0; i < read; i++)
        press('ArrowRight');
}

const trap = () => cells().at(-1).classList.contains('trap');

/* ---- The tests of the page ---- */

function samples_are_walked_as_recorded() {
    for (const [i, sample] of samples.entries()) {
        choose_sample(i);
        check_equal(text_of('message'), '', `message of "${sample.name}"`);
        check_equal(view.assumed.size, 0, `unknown entries of "${sample.name}"`);
        check_equal(view.record.reads.length, sample.record.reads.length, `reads of "${sample.name}"`);
        const told = /^\d+/.exec(sample.name);
        check(!told || Number(told[0]) === reads(), `"${sample.name}" has ${reads()} reads`);
    }
    return `${samples.length} samples`;
}

/* Every step by its key; one cell is marked, and the panel tells of it. */
function samples_are_stepped_through() {
    let steps = 0;

    for (const i of samples.keys()) {
        choose_sample(i);
        check_equal(text_of('panel-title'), 'Overview', 'first panel');
        for (let read = 1; read <= reads(); read++, steps++) {
            press('ArrowRight');
            const marked = cells().filter(cell => cell.classList.contains('now'));
            check_equal(marked.length, 1, `cells marked at read ${read}`);
            check_equal(Number(marked[0].dataset.step), read, 'the marked cell');
            check(text_of('panel-title').startsWith(`Read ${read} of ${reads()}: `), `panel: ${text_of('panel-title')}`);
            check_equal(document.querySelector('#chips [aria-current=step]').textContent, String(read), 'chip');
            check(!by_id('entry').hidden, 'there is no editor');
        }
        press('ArrowRight');
        check_equal(text_of('panel-title'), trap() ? 'The trap' : 'The byte', 'last panel');
        press('ArrowRight');
        check_equal(view.step, reads() + 1, 'after the end');
        press('ArrowLeft');
        check_equal(view.step, reads(), 'a step back');
        press('Home');
        check_equal(view.step, 0, 'Home');
        press('End');
        check_equal(view.step, reads() + 1, 'End');
    }
    return `${steps} steps`;
}

function cells_are_buttons() {
    choose_sample(0);
    for (const cell of cells()) {
        cell.focus();
        check_equal(view.step, Number(cell.dataset.step), 'step of the cell that has the focus');
        check(cell.getAttribute('aria-label').length > 4, 'a cell has no name');
        check_equal(cell.getAttribute('role'), 'button', 'role of a cell');
    }
    press('Home');
    cells()[4].dispatchEvent(new MouseEvent('mouseenter'));
    check(text_of('panel-title').startsWith('Read 5'), 'hovering shows nothing');
    cells()[4].dispatchEvent(new MouseEvent('mouseleave'));
    check_equal(text_of('panel-title'), 'Overview', 'after hovering');
}

/* In every sample, each entry is made invalid: the walk ends there, and comes back. */
function entries_without_v_end_the_walk() {
    let edits = 0;

    for (const i of samples.keys()) {
        choose_sample(i);
        const count = reads(), picture = by_id('figure').innerHTML;
        for (let read = 1; read <= count; read++, edits++) {
            go_to(read);
            if (by_id('flags').lastElementChild.getAttribute('aria-pressed') === 'true')
                press_flag('V');
            const guest = view.layout.steps[read - 1].read.stage === 'VS';
            check_equal(reads(), read, 'reads until the invalid entry');
            check(trap() && cells()[read - 1].classList.contains('blamed'), 'no fault at the entry');
            check_equal(view.record.cause >= 20, !guest, 'guest-page fault');
            check(text_of('panel-body').includes('V is 0'), 'the reason is not told');
            if (!by_id('reset').hidden)
                click('reset');
        }
        press('Home');
        check_equal(by_id('figure').innerHTML.replace(/ now| future/g, ''), picture.replace(/ now| future/g, ''), 'undone');
    }
    return `${edits} edits`;
}

function ppn_and_rsw_are_edited() {
    choose_sample('8 reads');
    go_to(8);
    const page = view.record.hpa;
    enter('ppn', '3fffff');
    check_equal(view.record.hpa, 0x3fffff000 + page % 4096, 'hPA above 32 bits');
    enter('rsw', '3');
    check_equal(view.record.reads[7].entry >>> 8 & 3, 3, 'RSW');
    check_equal(view.record.reads[7].entry >>> 10, 0x3fffff, 'PPN after RSW');
    enter('ppn', '400000');
    check(text_of('message').includes('more than 22 bits'), 'a wide PPN is taken');
    check_equal(by_id('ppn').getAttribute('aria-invalid'), 'true', 'the wide PPN is invalid');
    enter('ppn', 'pear');
    check(text_of('message').includes('hexadecimal'), 'a pear is taken');
    click('entry-back');
    check_equal(view.record.hpa, page, 'hPA as it was');
    check(by_id('reset').hidden, 'still said to be changed');
}

function rules_change_the_verdict() {
    choose_sample('user page from VS-mode');
    check(trap(), 'a user page is read without SUM');
    click('sum');
    check(!trap(), 'SUM does not help');
    click('access-execute');
    check_equal(view.record.cause, 12, 'a fetch with SUM');
    click('mode-vu');
    check(!trap(), 'VU-mode may not fetch from its page');
    click('access-write');
    go_to(4);
    press_flag('D');
    check(!trap(), 'hardware does not set D, with ADUE');
    click('vs_hardware_ad');
    check_equal(view.record.cause, 15, 'a write with D clear, without ADUE');
    click('reset');
    check_equal(view.record.cause, 13, 'as recorded');
    choose_sample('8 reads');
    go_to(6);
    press_flag('R');
    check_equal(view.record.cause, 13, 'a read without R');
    click('mxr');
    check(!trap(), 'MXR does not help');
    enter('vsatp', '0');
    check_equal(view.layout.columns.filter(gpa => gpa !== null).length, 1, 'columns when Bare');
}

/* Page sizes of both stages; what is mapped stays where it is when a superpage is split. */
function page_sizes_change_the_count() {
    choose_sample('3 reads');
    const hpa = view.record.hpa, counts = [reads()];
    for (const read of [3, 1]) {
        go_to(read);
        click('resize');
        counts.push(reads());
        check(!trap(), `a trap after splitting read ${read}`);
        check_equal(view.record.hpa, hpa, 'hPA after splitting');
    }
    const guest_root = view.layout.steps.find(step => step.read.stage === 'VS').number;
    go_to(guest_root);
    click('resize');
    counts.push(reads());
    check_equal(view.record.hpa, hpa, 'hPA after splitting the guest page');
    check_equal(counts.join(), '3,4,5,8', 'reads');
    check_equal(`${view.record.vs_size} ${view.record.g_size}`, '4096 4096', 'sizes');

    choose_sample('8 reads');
    const widened = [reads()];
    for (const read of [7, 4, 1, 2]) {
        go_to(read);
        click('resize');
        widened.push(reads());
        check(!trap(), `a trap after widening read ${read}`);
    }
    check_equal(widened.join(), '8,7,6,5,3', 'reads');
    check_equal(view.record.vs_size, 0x400000, 'guest page');
}

function memory_can_be_missing() {
    choose_sample('8 reads');
    for (let read = 1; read <= 8; read++) {
        go_to(read);
        click('memory');
        check_equal(view.record.cause, 5, `cause without memory for read ${read}`);
        check_equal(reads(), read, 'reads');
        check(text_of('panel-body').includes('no memory') && by_id('entry-fields').disabled, 'it is not told');
        click('memory');
        check(!trap(), 'the memory does not come back');
    }
}

function unknown_entries_are_told_of() {
    choose_sample('8 reads');
    enter('gva', '0x80000000');
    check(text_of('message').includes('does not tell of an entry'), `message: ${text_of('message')}`);
    press('End');
    press('ArrowLeft');
    check(text_of('panel-body').includes('taken as 0'), 'the step does not tell');
    press_flag('V');
    check(text_of('panel-body').includes('no further level') || reads() > 3, 'the unknown entry cannot be edited');
}

/* ---- Records in and out ---- */

const pasted = text => {
    by_id('paste').value = text;
    click('load');
};

/* Files are read one after the other: when ours has been read, so has the page's. */
async function wait_for(file) {
    await file.text();
    await new Promise(resolve => setTimeout(resolve, 50));
}

function records_are_pasted() {
    const record = JSON.stringify(samples[0].record), count = by_id('choice').options.length;

    pasted(`[    1.0] booted\r\n[vm] ${record}\r\nmore\n${JSON.stringify(samples[4].record)}\n`);
    check_equal(by_id('choice').options.length, count + 2, 'choices');
    check_equal(reads(), samples[0].record.reads.length, 'reads of the first');
    pasted(JSON.stringify(samples[3].record, null, 4));
    check_equal(reads(), 3, 'reads of one over many lines');
}

async function records_are_files() {
    const file = new File([JSON.stringify(samples[2].record)], 'some.json'), data = new DataTransfer();

    data.items.add(file);
    document.body.dispatchEvent(new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true}));
    await wait_for(file);
    check(by_id('choice').selectedOptions[0].textContent.startsWith('some.json'), 'a dropped file is not chosen');
    choose_sample(0);
    by_id('file').files = data.files;
    by_id('file').dispatchEvent(new Event('change'));
    await wait_for(file);
    check_equal(reads(), samples[2].record.reads.length, 'reads of a file');
}

function wrong_records_are_refused() {
    const broken = change => {
        const record = structuredClone(samples[0].record);
        change(record);
        return JSON.stringify(record);
    };
    const cases = [
        ['no record', 'no walk record'],
        ['{"record":"twofold-walk"', 'Not loaded'],
        [broken(record => { record.version = 2; }), 'version 1'],
        [broken(record => { record.gva = '0x100000000'; }), 'more than 32 bits'],
        [broken(record => { record.access = 'jump'; }), 'access'],
        [broken(record => { delete record.context.sum; }), 'sum'],
        [broken(record => { record.reads[2].hpa = '<b>'; }), 'hpa'],
        [broken(record => { record.reads = null; }), 'reads'],
    ];

    for (const [text, message] of cases) {
        const count = by_id('choice').options.length;
        pasted(text);
        check(text_of('message').includes(message), `${text.slice(0, 60)}: ${text_of('message')}`);
        check_equal(by_id('message').className, 'bad', 'class of the message');
        check_equal(by_id('choice').options.length, count, 'choices');
    }
    return `${cases.length} records`;
}

/* A record that is not what its tables give is loaded, and said to be wrong. */
function differing_records_are_told_of() {
    const record = structuredClone(samples[0].record);

    record.verdict.hpa = '0x162f0b6b9';
    pasted(JSON.stringify(record));
    check(text_of('message').includes('hpa is 0x162f0b6b8, in the record 0x162f0b6b9'), `message: ${text_of('message')}`);
    record.reads.pop();
    pasted(JSON.stringify(record));
    check(text_of('message').includes('is not the record’s'), `message: ${text_of('message')}`);
}

function names_of_vms_are_no_markup() {
    const record = structuredClone(samples[0].record);

    record.vm = '<img src=x onerror=fail()>';
    pasted(JSON.stringify(record));
    check(!document.querySelector('main img'), 'a VM has made an element');
    check(text_of('caption').includes('<img'), 'its name is not shown');
}

/* What is saved, edits and all, is loaded again and walked the same. */
function saved_records_come_back() {
    choose_sample('8 reads');
    go_to(4);
    click('resize');
    const saved = record_text(), hpa = view.record.hpa;
    pasted(saved);
    check_equal(text_of('message'), '', 'message');
    check_equal(view.record.hpa, hpa, 'hPA');
    check_equal(reads(), 7, 'reads');
}

/* ---- How it looks ---- */

function theme_changes() {
    const paper = () => getComputedStyle(document.body).backgroundColor;
    const before = paper(), theme = document.documentElement.dataset.theme;

    click('theme');
    check(paper() !== before && document.documentElement.dataset.theme !== theme, 'the theme stays');
    click('theme');
    check_equal(paper(), before, 'paper');
}

function controls_have_names() {
    for (const control of document.querySelectorAll('button, input, select, textarea')) {
        const label = control.getAttribute('aria-label') || control.labels?.[0]?.textContent.trim();
        check(label || control.textContent.trim(), `no name: ${control.outerHTML.slice(0, 80)}`);
    }
}

/* Nothing sticks out to the right, and no word of the figure leaves its table, in a frame of some width. */
async function fits(width) {
    const frame = document.createElement('iframe');

    frame.style.cssText = `width: ${width}px; height: 900px; border: 0`;
    frame.srcdoc = JSON.parse(by_id('page-source').textContent);
    const loaded = new Promise(resolve => { frame.onload = resolve; });
    document.body.append(frame);
    await loaded;
    const inner = frame.contentDocument;
    check_equal(frame.contentWindow.innerWidth, width, 'width of the frame');
    const count = inner.getElementById('choice').options.length;
    for (let i = 0; i < count; i++) {
        const choice = inner.getElementById('choice');
        choice.value = String(i);
        choice.dispatchEvent(new Event('change'));
        check(inner.documentElement.scrollWidth <= width, `sample ${i + 1} is ${inner.documentElement.scrollWidth} wide`);
        for (const cell of inner.querySelectorAll('.cell')) {
            const table = cell.querySelector('.table').getBBox();
            for (const text of cell.querySelectorAll('text')) {
                const box = text.getBBox();
                const inside = box.x >= table.x && box.x + box.width <= table.x + table.width
                    && box.y >= table.y && box.y + box.height <= table.y + table.height;
                check(inside, `sample ${i + 1}: "${text.textContent}" leaves its table`);
            }
        }
    }
    const is_narrow = inner.querySelector('#figure svg').classList.contains('narrow');
    check_equal(is_narrow, width < 760, 'narrow');
    frame.remove();
    return `${count} samples`;
}

/* ---- The walker against the hypervisor's ---- */

const records = by_id('random-records').textContent.trim().split('\n').map(line => JSON.parse(line));

function count_by(key_of) {
    const counts = new Map();

    for (const record of records)
        counts.set(key_of(record), (counts.get(key_of(record)) || 0) + 1);
    return counts;
}

function random_walks_agree() {
    for (const [i, record] of records.entries()) {
        const scene = from_json(record), assumed = new Set();
        const ours = walk_scene(scene, assumed);
        const differs = difference(ours, scene);

        check(!differs && !assumed.size, `record ${i + 1}: ${differs || 'a word is read that was not'}`);
        check_equal(ours.cause ? reason_text(ours) : undefined, record.verdict.reason, `words of record ${i + 1}`);
    }
    return `${records.length} walks`;
}

/* All of it has happened, often: else the comparison says little. */
function random_walks_are_of_all_kinds() {
    const causes = count_by(record => record.verdict.cause), reasons = count_by(record => record.verdict.reason);
    const lengths = count_by(record => (record.verdict.cause ? 0 : record.reads.length));

    for (const cause of [0, ...Object.keys(cause_text).map(Number)])
        check((causes.get(cause) || 0) >= 50, `cause ${cause} has happened ${causes.get(cause) || 0} times`);
    for (let length = 1; length <= 8; length++)
        check((lengths.get(length) || 0) >= 20, `${length} reads have happened ${lengths.get(length) || 0} times`);
    check(count_by(record => record.verdict.implicit_write).get(true) >= 20, 'A and D are seldom refused by the G-stage');
    check(reasons.size >= 14, `there are ${reasons.size - 1} reasons`);
    return [...causes].sort((a, b) => a[0] - b[0]).map(([cause, count]) => `${cause}: ${count}`).join(', ');
}

/* The comparison finds what it is there for. */
function one_bit_is_noticed() {
    const changes = [
        copy => { copy.verdict.cause ^= 1; },
        copy => { copy.verdict.stval = '0x1'; },
        copy => { copy.verdict.rights = 'w--'; },
        copy => { copy.verdict.to = 'somebody'; },
        copy => { copy.reads.push(copy.reads[0]); },
    ];

    for (const record of records.slice(0, 200)) {
        for (const change of changes) {
            const copy = structuredClone(record), scene = from_json(record);
            const ours = walk_scene(scene, new Set());

            change(copy);
            check(difference(ours, {...scene, json: copy}), 'a change is not noticed');
        }
    }
}

/* What docs/walk_svg.py has to draw, too: [record, SVG]. */
function drawings() {
    return [...samples.map(sample => sample.record), ...records.slice(0, 150)].map(record => {
        const ours = walk_scene(from_json(record), new Set());

        return [to_json(ours, record.vm, record.vcpu), export_svg(ours)];
    });
}

/* ---- */

async function run_all() {
    await test('samples_are_walked_as_recorded', samples_are_walked_as_recorded);
    await test('samples_are_stepped_through', samples_are_stepped_through);
    await test('cells_are_buttons', cells_are_buttons);
    await test('entries_without_v_end_the_walk', entries_without_v_end_the_walk);
    await test('ppn_and_rsw_are_edited', ppn_and_rsw_are_edited);
    await test('rules_change_the_verdict', rules_change_the_verdict);
    await test('page_sizes_change_the_count', page_sizes_change_the_count);
    await test('memory_can_be_missing', memory_can_be_missing);
    await test('unknown_entries_are_told_of', unknown_entries_are_told_of);
    await test('records_are_pasted', records_are_pasted);
    await test('records_are_files', records_are_files);
    await test('wrong_records_are_refused', wrong_records_are_refused);
    await test('differing_records_are_told_of', differing_records_are_told_of);
    await test('names_of_vms_are_no_markup', names_of_vms_are_no_markup);
    await test('saved_records_come_back', saved_records_come_back);
    await test('theme_changes', theme_changes);
    await test('controls_have_names', controls_have_names);
    await test('fits_400_pixels', () => fits(400));
    await test('fits_1280_pixels', () => fits(1280));
    await test('random_walks_agree', random_walks_agree);
    await test('random_walks_are_of_all_kinds', random_walks_are_of_all_kinds);
    await test('one_bit_is_noticed', one_bit_is_noticed);
    await test('no_errors', () => check(!page_errors.length, page_errors.join('; ')));
}

run_all().then(async () => {
    const out = document.createElement('pre');
    let drawn = [];

    await test('drawings_are_made', () => { drawn = drawings(); });
    out.id = 'results';
    out.textContent = JSON.stringify({results, drawn});
    for (const id of ['page-source', 'random-records'])
        by_id(id).remove();
    document.body.append(out);
});
