# ruff: noqa: E501 - data: one fragment a line reads better than a wrapped one
"""Wording and words of the extraction check rows, by which models are chosen; no model is trained on them."""

from __future__ import annotations

FRAGMENTS: dict[str, tuple[str, ...]] = {
    "email.opening.order": ("[It is us again|Spring is coming]: time to fill the store room.",),
    "email.opening.meeting": (
        "[Rather than writing mails|Instead of more letters] we had better see each other.",
    ),
    "email.opening.complaint": ("[Once more|Yet again] we are left with goods that fail us.",),
    "email.sentence": (
        "[The undersigned is|You are reading a mail by] {sender}.",
        "[Our sign says|The house you deliver to is called] {sender_company}.",
        "{sender} [runs|heads] the team at {sender_company}.",
    ),
    "email.sentence.order": (
        "[It would take|Count in] {quantity} of the {product} to keep us going.",
        "[The piece number is|Altogether we ask for] {quantity}.",
        "[Top of our list are|Nothing goes without] {product}.",
        "[Please see to it that all is here|We close the books] on {requested_date}.",
    ),
    "email.sentence.meeting": (
        "[We keep the afternoon of|Our team can make it on] {requested_date}.",
        "[On the agenda stand|I need your view on] the {product}.",
    ),
    "email.sentence.complaint": (
        "[Among the|Of the] {product} a full {quantity} [had cracks|fell apart].",
        "[Faulty count:|The tally of rejects stands at] {quantity}.",
        "[We are angry about|Nobody here can work with] the {product}.",
        "[Give us word|Come and collect them] before {requested_date} is over.",
    ),
    "email.distractor": (
        "[Payment is up to|The keys are kept by] {d_person}.",
        "[Our first order dates back to|The catalogue is from] {d_before}.",
        "[Ledger entry|The gate code is] {d_code}.",
        "[Elsewhere it costs|The deposit stands at] {d_amount}.",
        "[The rival bid is from|Part of the group is] {d_company}.",
    ),
    "email.closing": (
        "[Take care|Bye for now],\n{sender}\n{sender_company}",
        "[Cordially|Bye],\n{sender}",
        "[Over to you|That is all].",
    ),
    "email.heading": ("[Post|Note]", ""),
    "email.label.type": ("Gist", "Keyword"),
    "email.label.sender": ("Signed by", "Speaker"),
    "email.label.sender_company": ("House", "Organisation name"),
    "email.label.product": ("Ware", "Thing"),
    "email.label.quantity": ("Tally", "Piece count"),
    "email.label.requested_date.order": ("In house by", "Target date"),
    "email.label.requested_date.meeting": ("Calendar day", "Date to save"),
    "email.label.requested_date.complaint": ("Cure by", "Final date"),
    "email.distractor_label": (
        "[Filed|Stamp]: {d_before}",
        "[Witnessed by|Also to]: {d_person}",
        "[Key|Folder]: {d_code}",
    ),
    "invoice.opening": (
        "[Account rendered|Settlement note]",
        "[Business partner|Valued customer], the account stands as follows.",
    ),
    "invoice.sentence": (
        "[Filed as|The running number is] {invoice_number}.",
        "[The claim is raised by|Money goes to] {supplier}.",
        "[Charged to|The account holder is] {customer}.",
        "[Transfer it not after|Our patience lasts till] {due_date}.",
        "[The bottom line reads|In round terms nothing, in exact terms] {total}.",
        "{supplier} [served|equipped] {customer}.",
    ),
    "invoice.distractor": (
        "[Loaded on|The quote was of] {d_before}.",
        "[Bare goods|Stripped of tax]: {d_net}.",
        "[The tax office takes|Levy:] {d_vat}.",
        "[Lot|Waybill] {d_code}.",
        "[The books are kept by|Checked by] {d_person}.",
    ),
    "invoice.closing": ("[Till next time|Fair dealing always].", "[Cordially]\n{supplier}", ""),
    "invoice.heading": ("[ACCOUNT RENDERED|Settlement]", "[Settlement] {invoice_number}"),
    "invoice.label.invoice_number": ("Running no.", "Filed as"),
    "invoice.label.supplier": ("Claim of", "Money to"),
    "invoice.label.customer": ("Charge goes to", "Account holder"),
    "invoice.label.due_date": ("Transfer by", "Term ends"),
    "invoice.label.total": ("Bottom line", "Overall"),
    "invoice.distractor_label": (
        "[Loaded|Quote of]: {d_before}",
        "[Bare goods]: {d_net}",
        "[Levy]: {d_vat}",
        "[Lot|Waybill]: {d_code}",
    ),
    "claim.opening": (
        "[Mishap form|Record of damage]",
        "[Claims desk|Dear handler], I must trouble you with a case.",
    ),
    "claim.sentence": (
        "[Affected is|The one who lost is] {claimant}.",
        "[Look me up under|The cover note says] {policy_number}.",
        "[It went like this:|The facts:] {incident}.",
        "[The spot lies in|Read the map at] {incident_city}.",
        "[My diary says|The clock stopped on] {incident_date}.",
        "[To make it good takes|The invoice of the craftsman says] {claimed_amount}.",
    ),
    "claim.distractor": (
        "[The drying ends on|My letter followed on] {d_after}.",
        "[The cover started on|It was new on] {d_before}.",
        "[The threshold is|A tenth would be] {d_amount}.",
        "[The tenant was|Seen through the window by] {d_person}.",
        "[Stamp|Chassis] {d_code}.",
    ),
    "claim.closing": ("[Cordially|Bye],\n{claimant}", "[Ask me anything|That is all].", ""),
    "claim.heading": ("[MISHAP|Record]", ""),
    "claim.label.incident": ("Facts", "Tale"),
    "claim.label.claimant": ("Affected", "Loser"),
    "claim.label.policy_number": ("Cover note", "Covered under"),
    "claim.label.incident_date": ("Diary date", "Clock"),
    "claim.label.claimed_amount": ("To make good", "Invoice of the craftsman"),
    "claim.label.incident_city": ("Spot", "Map"),
    "claim.distractor_label": (
        "[Drying until|Follow-up]: {d_after}",
        "[New on]: {d_before}",
        "[Threshold]: {d_amount}",
        "[Seen by|Tenant]: {d_person}",
    ),
}

PHRASES: dict[str, tuple[str, ...]] = {
    "type.order": ("[Filling the store room|Goods for spring]",),
    "type.meeting": ("[Face to face|A chat in person]",),
    "type.complaint": ("[Goods that fail|Rubbish delivered]",),
    "incident.water": ("[the fish tank|the water heater] [burst|drained] and the [parquet|plaster] swelled",),
    "incident.fire": ("[the grill|a short circuit] set the [terrace|cables] alight",),
    "incident.theft": ("[the till|my suitcase] was [emptied|taken] by [a crook|intruders]",),
    "incident.collision": ("[a tractor|the neighbour's car] [clipped|shunted] my [wing|tailgate]",),
    "incident.storm": ("[the squall|a cloudburst with hail] [tore|beat] the [gutter|blinds] to pieces",),
}

WORDS: dict[str, tuple[str, ...]] = {
    "first": ("Bartosz", "Calista", "Dimitri", "Eudora", "Fintan", "Gwendal", "Hildur", "Ilkka", "Jocasta", "Kerstin", "Lorcan"),
    "last": ("Abernathy", "Brzezinski", "Castellanos", "Dragomir", "Eskildsen", "Fotheringham", "Gundersen", "Hlavacek", "Iturbide", "Jovanovic"),
    "stem": ("Aurelia", "Brimstone", "Crosswind", "Ivybridge", "Kittiwake", "Moonstone", "Thornfield", "Wolfram", "Peppercorn", "Quillon"),
    "trade": ("Timber", "Aviation", "Seeds", "Shipping", "Paints"),
    "legal": ("Pty", "SpA", "Sons", "A.G."),
    "city": ("Debrecen", "Freiburg", "Grimsby", "Ipswich", "Jelgava", "Kaunas", "Limoges", "Maribor", "Novara"),
    "adjective": ("bamboo", "rustproof", "woollen", "lacquered", "sturdy", "woven"),
    "noun": ("anvils", "buoys", "chisels", "dowels", "flanges", "goggles", "hammocks", "inkwells", "pliers", "winches"),
}  # fmt: skip
