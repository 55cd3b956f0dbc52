"""Word lists for curation: function words, opposites, numbers, words that are not names."""


def listed(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


def paired(text: str) -> dict[str, str]:
    """The words of pairs "this/that"."""
    return {one: other for one, other in (pair.split("/") for pair in text.split())}


FUNCTION_WORDS = listed(  # have no meaning of their own; greetings included
    "a an the this that these those which what who whom whose when where why how of in on at to for from by with "
    "about into as or and but if than is are was were be been being am has have had having do does did can could "
    "may might will would shall should i you he she it we they his her its my your their our me him them us there "
    "here following follow follows followed one most hi hello hey dear doctor doc dr also s so such please during "
    "after upon via"
)
NEGATIONS = listed(  # reverse the meaning of a question
    "not no never none neither nor cannot without except excluding lack lacks lacking absent absence"
)
OPPOSITES = (  # the two sides of an axis, with inflections
    ("most more maximum maximal greatest best commonest", "least less fewer fewest minimum minimal worst rarest"),
    ("increase increases increased increasing rise rises elevated elevates raised raises high higher highest gain ↑",
     "decrease decreases decreased decreasing fall falls reduced reduces low lower lowest loss ↓"),
    ("male man men boy father son", "female woman women girl mother daughter"),
    ("adult adults", "child children infant infants neonate neonates"),
    ("activates activate activation stimulates stimulate", "inhibits inhibit inhibition blocks"),
    ("agonist agonists", "antagonist antagonists"), ("inspiration inspiratory", "expiration expiratory"),
    ("anterior ventral", "posterior dorsal"), ("arterial artery", "venous vein"), ("true correct", "false incorrect"),
    ("left", "right"), ("before", "after"), ("upper", "lower"), ("first", "last"), ("positive", "negative"), ("+", "-"),
    ("acute", "chronic"), ("with", "without"), ("indicated", "contraindicated"), ("medial", "lateral"),
    ("superior", "inferior"), ("proximal", "distal"), ("internal", "external"), ("afferent", "efferent"),
    ("sensory", "motor"), ("dominant", "recessive"), ("systolic", "diastolic"), ("primary", "secondary"),
    ("benign", "malignant"), ("sympathetic", "parasympathetic"), ("< ≤", "> ≥"), ("only", "all"), ("early", "late"),
    ("always", "sometimes"), ("flexion", "extension"), ("abduction", "adduction"),
)
NEGATING_PREFIXES = listed("un in im ir non a an ab anti contra dis mal hypo hyper")
OPPOSED_PREFIXES = (
    ("hypo", "hyper"), ("pre", "post"), ("ante", "post"), ("intra", "extra"), ("micro", "macro"), ("tachy", "brady"),
    ("endo", "exo"), ("supra", "infra"), ("in", "ex"), ("mono", "poly"),
)
SPELT_NUMBERS = {
    "zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight":
    "8", "nine": "9", "ten": "10", "eleven": "11", "twelve": "12", "thirteen": "13", "fourteen": "14", "fifteen":
    "15", "sixteen": "16", "seventeen": "17", "eighteen": "18", "nineteen": "19", "twenty": "20", "first": "1st",
    "second": "2nd", "third": "3rd", "once": "1", "twice": "2", "double": "2", "thirty": "30", "forty": "40",
    "fifty": "50", "sixty": "60", "seventy": "70", "eighty": "80", "ninety": "90", "hundred": "100",
}
ROMAN_NUMBERS = {
    "ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9", "xi": "11", "xii": "12",
}
OTHER_SPELLINGS = paired(  # British first; where no rule of `spelling` reaches
    "ageing/aging aluminium/aluminum amongst/among artefact/artifact artefacts/artifacts caesarian/caesarean "
    "calliper/caliper callipers/calipers cheque/check connexion/connection counsellor/counselor disc/disk "
    "discs/disks distil/distill draught/draft enrol/enroll enrolment/enrollment fulfil/fulfill grey/gray "
    "inflexion/inflection instil/instill judgement/judgment kerb/curb learnt/learned burnt/burned "
    "liquorice/licorice mould/mold moulds/molds mouldy/moldy moult/molt neurone/neuron neurones/neurons "
    "orientated/oriented plough/plow practise/practice practised/practiced practising/practicing "
    "preventative/preventive pyjamas/pajamas sceptic/skeptic sceptical/skeptical skilful/skillful "
    "smoulder/smolder smouldering/smoldering storey/story towards/toward tyre/tire tyres/tires whilst/while "
    "woollen/woolen haemopoiesis/hematopoiesis haemopoietic/hematopoietic hemopoiesis/hematopoiesis "
    "hemopoietic/hematopoietic"
)
DRUG_NAMES = paired(  # a British, international or older name first, then the American or usual one
    "paracetamol/acetaminophen adrenaline/epinephrine noradrenaline/norepinephrine salbutamol/albuterol "
    "aciclovir/acyclovir alimemazine/trimeprazine amethocaine/tetracaine amfetamine/amphetamine "
    "amoxycillin/amoxicillin amoxycilline/amoxicillin argipressin/vasopressin beclometasone/beclomethasone "
    "bendrofluazide/bendroflumethiazide benzatropine/benztropine benzhexol/trihexyphenidyl busulphan/busulfan "
    "chlorphenamine/chlorpheniramine chlormethine/mechlorethamine ciclosporin/cyclosporine clomifene/clomiphene "
    "colecalciferol/cholecalciferol colestyramine/cholestyramine cromoglicate/cromolyn cromoglycate/cromolyn "
    "cyclosporin/cyclosporine dantron/danthron dexamfetamine/dextroamphetamine "
    "dexamphetamine/dextroamphetamine dicycloverine/dicyclomine dosulepin/dothiepin eformoterol/formoterol "
    "ergometrine/ergonovine flupenthixol/flupentixol frusemide/furosemide glibenclamide/glyburide "
    "guaiphenesin/guaifenesin hydroxycarbamide/hydroxyurea hyoscine/scopolamine indometacin/indomethacin "
    "isoprenaline/isoproterenol levosalbutamol/levalbuterol lignocaine/lidocaine lysuride/lisuride "
    "mepacrine/quinacrine mesalazine/mesalamine metamfetamine/methamphetamine metamizole/dipyrone "
    "meticillin/methicillin mitozantrone/mitoxantrone mustine/mechlorethamine nicotinamide/niacinamide "
    "nitroglycerine/nitroglycerin orciprenaline/metaproterenol oxpentifylline/pentoxifylline "
    "pethidine/meperidine phenobarbitone/phenobarbital phytomenadione/phytonadione quinalbarbitone/secobarbital "
    "rifampicin/rifampin simeticone/simethicone suxamethonium/succinylcholine tetracosactide/cosyntropin "
    "tetracosactrin/cosyntropin thiamin/thiamine thiopentone/thiopental torasemide/torsemide "
    "valaciclovir/valacyclovir"
)
DRUGS_OF_TWO_WORDS = {("glyceryl", "trinitrate"): "nitroglycerin", ("penicillin", "g"): "benzylpenicillin"}
UNITS = {  # of quantities and times, each with the names that mean the same
    name: names.split()[0]
    for names in (
        "kg kilogram kilograms kilogramme kilogrammes kgs", "g gram grams gramme grammes gm gms",
        "mg milligram milligrams milligramme milligrammes mgs", "μg ug mcg microgram micrograms mcgs",
        "ng nanogram nanograms", "pg", "l liter liters litre litres", "dl deciliter deciliters",
        "ml milliliter milliliters millilitre millilitres cc", "μl ul microliter microliters", "mol", "mmol mmols",
        "μmol umol", "nmol", "pmol", "meq", "iu", "mm", "cm", "nm", "μm", "percent", "mmhg",
        "second seconds sec secs", "minute minutes min mins", "hour hours hr hrs", "day days", "week weeks wk wks",
        "month months mo", "year years yr yrs",
    )
    for name in names.split()
}
AFFIXES = listed(  # parts of words that emphasis sets off: <u>hypo</u>kalemia
    "a an ab ad ante anti bi brady co contra de di dis dys ecto endo epi ex exo extra hemi hyper hypo il im in infra "
    "inter intra ir iso macro mal meso micro mid mono multi neo non oligo para per peri poly post pre pro pseudo re "
    "retro semi sub super supra tachy trans tri un uni"
)
ENGLISH = listed(  # words of English questions that no other language has among its common ones
    "the of and is with which what that his he she are my have it be from or not most following how does why there "
    "when where who you your i'm can could should would after before this these except about treatment disease cause "
    "caused causes symptoms seen used drug drugs muscle nerve blood heart syndrome true false all common occurs due "
    "supplied feature features level levels side effects dose pain test between during while best first been has do "
    "did were will may might into than then their they we if but"
)
FOREIGN = listed(  # mostly function words of other languages; none is a common word or abbreviation of medicine
    # Spanish, Portuguese, Italian, French, Romanian
    "el los las del una unas unos para por que qué cuál cuáles cómo cuándo dónde quién está están más su sus muy "
    "pero tengo tiene puede puedo cual cuales como cuando donde porque qual quais quando onde porquê é são uns umas "
    "nas ao à às não nao você tem tenho pode posso meu minha meus um das il lo gli della delle dello degli dei nel "
    "nella di è sono perché quali quale può une le les du est sont dans pour qui quel quelle quels quelles avec sur "
    "ne pas et comment pourquoi quand où ou je j'ai mes elle nous vous chez aux cette ces c'est qu'est este sunt "
    "pentru și să când unde qué y "
    # German, Dutch, Swedish, Norwegian, Danish
    "der das und ist nicht mit ein eine einer einem einen eines dem den von zu zur zum welche welcher welches wie "
    "auf auch bei für ich habe mein meine kann warum wann gegen über sind werden wird oder nach het een niet zijn "
    "wat waarom wanneer bij voor ik heb mijn welke och att för hur är som inte jag har på hva hvad hvordan hvorfor "
    "ikke jeg det til og ved "
    # Polish, Czech, Hungarian, Finnish, Turkish, Indonesian, Tagalog
    "jak jest się nie czy dlaczego który jaki jakie jaka są při jako jsou proč hogyan és egy nem milyen mikä miten "
    "miksi minulla bir bu için nasıl nedir neden apa adalah untuk pada dengan bagaimana mengapa ang mga paano "
    # Hindi and Urdu in Latin letters
    "hai hain kya kaise mujhe mera meri mere nahi nahin karein karu karun karna karne karta hota hoti hote liye "
    "mein aur raha rahi rahe hua hui gaya gayi bahut bohot kyu kyun kyon kaun yeh woh wala wali chahiye sakta sakte "
    "sakti bataye batao ilaj dawa dawai bukhar dard khansi lakshan bimari bacche ke ko ki se "
    "khaye khana lagta "
    # what patients ask about
    "cos'è síntomas sintomas sintomi symptome symptômes sintomo objawy symtom symptomen příznaky gejala tratamiento "
    "tratamento traitement trattamento behandlung behandeling leczenie tratar traiter behandeln curar pengobatan "
    "enfermedad doença maladie malattia krankheit ziekte fiebre febre fièvre febbre fieber dolor dor douleur dolore "
    "schmerzen ansteckend embarazo gravidez grossesse gravidanza schwangerschaft"
)
FOREIGN_TERMS = (  # that English medicine has taken over
    "café au lait", "cafe au lait", "cri du chat", "cri-du-chat", "tic douloureux", "peau d'orange", "grand mal",
    "petit mal", "folie à deux", "folie a deux", "coup de sabre", "mal de debarquement", "gilles de la tourette",
    "torsades de pointes", "torsade de pointes", "bruit de diable", "de novo", "in vitro", "in vivo",
    "in situ", "en bloc", "belle indifférence", "belle indifference", "déjà vu", "deja vu", "tâche noire",
    "main en griffe", "chancre mou", "per os", "per rectum",
    "pars plana", "cauda equina", "status epilepticus", "ad libitum", "post mortem", "ataque de nervios",
)
NO_NAMES = listed(  # follow a cue for a name but are not names
    "a able about ache admin advised african age aged also american an and any anxious anybody are as asian at "
    "august available back bad because been being black blood blue british but by called can care caucasian chat "
    "chinese chronic christian common concerned confidential current dear depressed detailed diabetic did disease "
    "do doctor doctors doesn dr dutch english european examination fatigue female fever fine first for french "
    "friend from german getting god going good got grade great greek grey had has have having he hello help "
    "hepatitis her hi high him his hispanic hiv how i if in india indian irish is it italian japanese jewish just "
    "keeping korean latin latino lead left let like listed lord low ma madam madame male many may medical "
    "medicine mexican missing mission mixed more mostly mr mrs muslim my name native negative never new no normal "
    "not now of ok okay on one or our oh pain patient patients pay please positive pregnant presenting private "
    "really regards rh right russian say scared she sick since single sir so some sorry spanish spelled spelt "
    "stage still sure taking thank thanks that the there they this to today turkish type universe unknown unsure "
    "very was we welcome well what when which white who whom why will with withheld worried written wrong x xx "
    "xxx xxxx yes you your actually advice advise after again am before could during every give here hope kindly "
    "last me might must need only recently see should shall suggest tell then thing thought two under until where "
    "would yesterday asperger bell crohn cushing down graves hodgkin kaposi marfan meniere paget parkinson "
    "raynaud tourette turner wilson addison alzheimer "
    "xy xyz abc hiring manager committee team valued customer esteemed colleague colleagues editor parents "
    "everyone moderator urgent mother father said all mom mum dad mommy mummy adult adults coli"
)
CLINICAL_WORDS = listed(  # follow "MR", "MS", "DR" or a label for a name but are not names
    "imaging angiography scan scans spectroscopy enterography venography elastography findings images urography "
    "sequence contrast lesions lesion plaques plaque patients patient relapse relapses symptoms flare drugs "
    "society nurse specialist attack attacks screening congo jet regurgitation health global reported outcomes "
    "education safety care protection questionnaire score index scale inventory count blood complete test antigen "
    "antibody panel profile surface factor disease syndrome disorder cancer carcinoma lymphoma leukemia leukaemia "
    "diabetes hypertension asthma infection fever pain study trial heart lung liver kidney brain bone skin tumor "
    "tumour protein gene receptor hormone vitamin tablet tablets capsule capsules syrup injection cream ointment "
    "gel drops dose extra strength forte syringe known allergies drug procedure laparoscopic cell cells rate "
    "pressure normal sinus rhythm therapy treatment surgery clinic hospital university institute center centre "
    "department practitioner practitioners led chromatid sodium calcium potassium magnesium zinc iron valproate "
    "trihydrate maleate tartrate besylate mesylate fumarate citrate acetate succinate gluconate metformin aspirin "
    "insulin warfarin heparin morphine codeine levothyroxine atorvastatin amoxicillin ibuprofen paracetamol "
    "acetaminophen hydrochloride hydrobromide mass mother baby born age first second third stage grade type group "
    "class level educator educators midwife midwives anaesthetist anesthetist staffing station midwifery manager"
)
