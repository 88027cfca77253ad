"""Artist names and titles of a freeform station: many scripts, quotes, marks and namesakes.

Every name fits in 128 characters. Invisible and combining characters are written as escapes. The
same number always gives the same name.
"""

import unicodedata

MOST_CHARACTERS = 128

STATION = """
A Tribe Called Quest|Alex G.|Ali Farka Toure|Angel Olsen|Animal Collective|Anne Gillis|Aphex Twin
Arthur Russell|Autechre|Aşıq Altay|Beach House|Big Thief|Billie Holiday|Blood Orange
Boards of Canada|Brian Eno|Broadcast|Buck Meek|Burial|Caetano Veloso|Carmen Villain|Cat Power
Charles Mingus|Chuquimamani-Condori|Cocteau Twins|Colin Stetson|Colleen|Csillagrablók|Dam-Funk
Damien Jurado|Dan Melchior|De La Soul|Deerhoof|Doc Watson|Dolly Parton|Duke Ellington
Duke Ellington & John Coltrane|Elliott Smith|Etta James|FKA Twigs|Father John Misty|Fionn Regan
Flying Lotus|For Tracy Hyde|Four Tet|GIDEÖN|Gil Scott-Heron|Gregory Alan Isakov|Group Doueh
Guided by Voices|Hailu Mergia|Henry Flynt|Herbie Hancock|Hermanos Gutiérrez|J Dilla / Jay Dee
Jennifer Castle|Jessica Pratt|Joanna Newsom|John Coltrane|Juana Molina|Kelela|Konono No 1
Large Professor|Legowelt|Little Simz|M.I.A.|Mac Demarco|Madlib|Magnetic Fields|Mary Halvorson
Mary Lattimore|Matmos|Matthew Shipp|Mdou Moctar|Michael Hurley|Neko Case|Nels Cline
Nilüfer Yanya|Nina Simone|Nourished by Time|Octo Octa|Omar S.|Omar Souleyman
Oneohtrix Point Never|Orchestre Poly-Rhythmo de Cotonou|Os Mutantes|Outkast|Pharoah Sanders
Pixies|Prefuse 73|Prince Jammy|Rafael Toral|Robbie Basho|Rochelle Jordan|Rosie Thomas|Sango
Sessa|Sonido Dueñez|Stereolab|Sufjan Stevens|Sun Ra|The Field|Theo Parrish|Tim Hecker|Tinariwen
Ty Segall & Mikal Cronin|Weyes Blood & Dark Juices|William Parker|Wire|Yo La Tengo
Björk|Édith Piaf|Sigur Rós|Łukasz|μ-Ziq|Σtella|Кино|Молчат Дома|Аукцыон|武満徹|坂本龍一|繭|حمزة نمرة
فيروز|שירז טל|Stereolab 🎸|O'Brien|"slash"|back\\slash|semi;col
"""

ODD = (
    "Nilufer Yanya",  # folds to the same as Nilüfer Yanya, and so on
    "BJÖRK",
    "Bjo\u0308rk",
    "Edith Piaf",
    "café",
    "cafe\u0301",
    "Sigur Ro\u0301s",
    "Juana Molina",
    "Στελλάς",
    "Στελλάσ",
    "ΣΤΕΛΛΑΣ",
    "İstanbul Işık",
    "Hello\u200eWorld",
    "Hello\u200fWorld",
    "\u202eReversed\u202c",
    "👨\u200d👩\u200d👧\u200d👦",
    "👨\u200d🎤",
    "🇺🇸",
    "Î£tella",
    "Ã©tude",
    "Donâ€™t Look",
    "tab\there",
    "two\nlines",
    "\\N",
    "\\.",
    "NULL",
    "'; drop table library; --",
    "%s %(name)s {0}",
    '{"a": [1, null]}',
    "\u00a0no-break\u00a0",
    "ﬁligree",
    "Zalgo\u0300\u0301\u0302\u0303",
    "The " + "Very " * 24 + "End",
    "🎵" * MOST_CHARACTERS,
)

FIRST = """
Ada Aïcha Ali Amélie Ana Anouar Arto Asha Astrid Ayşe Bahíyyih Björn Bo Boubacar Břetislav Caitlín
Carla Chloë Conor D'Angelo Dariush Đorđe Dolores Ebo Eilíf Élodie Emahoy Farida Fela Françoise
Fumiko Gál Gözde Habib Hanne Héctor Hiroshi Ibrahim Inés Irén Jón Julius Kaoru Khruang Laraaji
Lê Lído Łucja Mabe Mahmoud Maïa Mariá Masayoshi Meshell Mulatu Nação Naná Ngozi Niño Noémie O'Neal
Ólafur Omar Øystein Pauline Pïa Qais Rahsaan René Rosalía Şebnem Sinéad Søren Susumu Tảo Tomás
Umm Ünal Vashti Véra Wally Xiu Yann Yusef Zoë Øyvind Ирина Виктор Ελένη Γιάννης ليلى נעמה 明子 裕
"""

LAST = """
Alarcón Allison Ançel Årud Bāi Baxter Benally Bošković Brânză Calder Çelik Chávez Coltsfoot Cruz
Dąbrowski Dalt Desmond Diabaté Douglas Dvořák Eastman Ekström Escovedo Fennesz Figueiredo Fuentès
Gaye Gökçe Grönlund Guðnadóttir Gysin Hákonarson Hartke Hernández Hollis Huỳnh Ibarra Ingólfsdóttir
Jansson Jurić Kadhim Keïta Kırmızı Köner Kováč Lamarr Lindström Loüis Lovano Mağden McGarrigle
Mbembé Mitchell Muñoz Nakamura Nguyễn Noble O'Malley Ödegård Okkervil Ørsted Palestrant Păun Pérez
Piñero Prévost Quiñones Radigue Rangell Reşat Řezníček Rødland Sáez Sangaré Schröder Śliwa
St.-Denis Sũrya Šulc Tanaka Ţepeş Tortoise Touré Ulmer Ursúa Väinölä Valdés Vōga Weston Wójcik
Ximénez Yáñez Yıldız Zaïr Zappacosta Ždanov Жукова Орлов Καλδάρας حداد כהן 高橋 山本
"""

WORDS = """
Amber Aluminum Ash Back Beat Blue Bright Brass Broken Canyon Ceremony City Clear Coast Cold Dawn
Distant Doga Dream Dust Early Echo Edits Electric Empty Endless Evening Faint Field Fire Floating
Folk Garden Ghost Glass Golden Green Hidden Hollow House Island Iron Lake Last Late Letter Light
Little Long Love Low Lunar Map Memory Midnight Mirror Moon Morning Mountain Music Night Northern
Ocean Open Orange Other Own Paper Pale Pink Pix Plain Quiet Radio Rain Red River Room Rough Salt
Sea Second Shadow Silver Sleep Slow Small Smoke Snow Soft Song South Space Static Still Stone Storm
Summer Sun Sweet Tape Thin Tiger Tune Under Valley Velvet Violet Warm Water Weather West Wild Wind
"""

FORMS = (
    "{first} {last}",
    "{first} {last} & the {word}s",
    "The {word} {last}s",
    "{word} {first}",
    "{last}, {first} / {word}",
    "{first} {last} {word} Ensemble",
)

TITLES = (
    "{a} {b}",
    "{a} of the {b}",
    "The {a} {b} (Live)",
    "{a}, {b}",
    "Don't {a} My {b}",
    '"{a}" / {b} – {number}',
)

_known = (*(name for line in STATION.split("\n") if line for name in line.split("|")), *ODD)
_first, _last, _words = FIRST.split(), LAST.split(), WORDS.split()
_combinations = len(FORMS) * len(_first) * len(_last)


def artist(number: int) -> str:
    """Return the artist with this number (from 0); about 1 in 90 folds to the previous name.

    Beyond about 60,000, names repeat with a suffix as on Discogs: ` (2)`.
    """
    if number < len(_known):
        return _known[number]
    if number % 89 == 88:
        return unicodedata.normalize("NFD", artist(number - 1).upper())[:MOST_CHARACTERS]
    again, shuffled = divmod(number, _combinations)
    shuffled = shuffled * 7919 % _combinations
    rest, form = divmod(shuffled, len(FORMS))
    first, last = divmod(rest, len(_last))
    word = _words[(first + last) % len(_words)]
    name = FORMS[form].format(first=_first[first], last=_last[last], word=word)
    return f"{name} ({again + 1})" if again else name


def title(number: int) -> str:
    """Return the title with this number; one in 200 is unusual."""
    if number % 200 == 0:
        return ODD[number // 200 % len(ODD)]
    rest, form = divmod(number, len(TITLES))
    rest, a = divmod(rest, len(_words))
    b = rest * 13 % len(_words)
    return TITLES[form].format(a=_words[a], b=_words[b], number=rest)
