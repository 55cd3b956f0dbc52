"""Word lists for curation: function words, opposites, numbers, words that are not names."""


def listed(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


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
    ("increase increases increased increasing rise rises elevated elevates raised raises high higher highest gain",
     "decrease decreases decreased decreasing fall falls reduced reduces low lower lowest loss"),
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
    "fifty": "50", "hundred": "100",
}
ROMAN_NUMBERS = {
    "ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9", "xi": "11", "xii": "12",
}
ENGLISH = listed(  # most common words of English questions
    "the of and to in is was for with which what that a an his her she he are has i my have it on be from by at "
    "or not most following patient how does can do when why there"
)
FOREIGN = listed(  # of other languages; none is a common English word or medical abbreviation
    "el los las del una para por que qué cuál cómo está más su sus y le les une des du est dans pour qui quel "
    "quelle avec sur ne pas et der das und ist nicht mit ein eine einer dem den von zu welche wie auf auch il lo "
    "gli della che di è non con per um uma os em não ao é qual het een niet zijn"
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
