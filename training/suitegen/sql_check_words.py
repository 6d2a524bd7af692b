"""Words of the sql check rows, by which models are chosen; no model is trained on them."""

from __future__ import annotations

from training.suitegen.sql_words import Words, _domain, _pool

CHECK = Words(
    domains=(
        _domain(
            "dentists/dentist surgeries/surgery molars/molar braces/brace checkups/checkup",
            "hygienist:person enamel:state implant:thing quarter:place denture:thing orthodontist:person",
            "cavities:1:30 decay:2:90 fillings:3:80",
        ),
        _domain(
            "kennels/kennel puppies/puppy groomers/groomer leashes/leash walkers/walker",
            "handler:person pedigree:thing temper:state parish:place adopter:person toy:thing",
            "treats:4:300 barks:1:900 naps:2:40",
        ),
        _domain(
            "quilts/quilt weavers/weaver looms/loom yarns/yarn tailors/tailor",
            "seamstress:person fabric:thing weave:state hamlet:place hem:thing patron:person",
            "stitches:30:9000 buttons:1:60 spools:2:200",
        ),
        _domain(
            "wrestlers/wrestler boxers/boxer trophies/trophy gloves/glove ropes/rope",
            "sparring:person stance:state belt:thing gymnasium:place mascot:thing promoter:person",
            "punches:100:9000 bruises:1:500 rounds:1:90",
        ),
    ),
    table_prefixes=_pool("tiny rented licensed gated nightly"),
    text_prefixes=_pool("usual chief sworn fairest lesser"),
    number_prefixes=_pool("mean clean rough hourly paid"),
    values={
        "place": _pool(
            "Jaen Tampere Ravenna Salzburg Kampala Luanda Fresno Moncton Brisbane Sapporo Arequipa Bursa"
            " Leuven Bergamo Tromso"
        ),
        "person": _pool(
            "Agnes Benedict Coraline Douglas Edwina Fergus Gertrude Horace Imelda Jerome Kirsten Leonard Mabel"
            " Norbert Ophelia"
        ),
        "state": _pool(
            "fresh stale broken mended peppy timid brisk grumpy shiny dull tidy messy sturdy frail hollow"
        ),
        "thing": _pool(
            "Parsley Turnip Pecan Thimble Kite Anchor Drum Trumpet Origami Karate Granola Biscuit Magnet Pebble"
            " Ladder"
        ),
    },
    surnames=_pool("Applegate Bancroft Culpepper Dunwoody Easton Farnham Gillespie"),
)
