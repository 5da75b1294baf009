"""The field's terms: closed lists with their official codes and their Chinese and English labels.

A member is its JSON spelling (`ContactMode("home") == "home"`); `code` is what the official forms print.
"""

from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, NoReturn, Self

from followup.errors import InvalidEntry, no_term


class Term(StrEnum):
    """A closed list of terms; looking up a word that is not on it says what is."""

    code: str | None
    zh: str
    en: str

    if TYPE_CHECKING:  # `ContactMode("home")` is a look-up, and a value is the JSON spelling alone

        @property
        def value(self) -> str:
            """The JSON spelling."""

    else:

        def __new__(cls, value: str, code: str | None, zh: str, en: str) -> Self:
            """Make a member of its JSON spelling, official code and labels."""
            term = str.__new__(cls, value)
            term._value_ = value
            term.code, term.zh, term.en = code, zh, en
            return term

    @classmethod
    def _missing_(cls, value: object) -> NoReturn:
        raise InvalidEntry(no_term(value, list(cls), cls.__name__))

    def label(self, lang: str) -> str:
        """Return the term as a person reads it, in "zh" or "en"."""
        return self.zh if lang == "zh" else self.en


class RiskLevel(IntEnum):
    """Risk level 0-5 (危险性评估), GF2018: 3 and above is what the joint follow-up is for."""

    NONE = 0
    THREATS = 1
    HITS_THINGS_AT_HOME = 2
    HITS_THINGS_ANYWHERE = 3
    HITS_PEOPLE = 4
    WEAPON = 5

    @classmethod
    def _missing_(cls, value: object) -> NoReturn:
        raise InvalidEntry(no_term(value, "012345", cls.__name__))


class Stability(Term):
    """Class of the follow-up (随访分类), code table DE05.10.118.00; a visit records one of the coded three."""

    UNSTABLE = "unstable", "1", "不稳定", "unstable"
    BASIC = "basic", "2", "基本稳定", "basically stable"
    STABLE = "stable", "3", "稳定", "stable"
    UNDETERMINED = "undetermined", None, "未判定", "undetermined"
    UNKNOWN = "unknown", None, "无记录", "not known"


class Status(Term):
    """Where a registered person stands: consenting and at home (`managed`), or why not."""

    MANAGED = "managed", None, "在管居家", "managed"
    DECLINED = "declined", None, "不同意管理", "declined"
    IN_HOSPITAL = "in_hospital", None, "住院", "in hospital"
    DETAINED = "detained", None, "羁押", "detained"
    LOST = "lost", None, "失访", "lost"
    MOVED_OUT = "moved_out", None, "迁出", "moved out"
    DEAD = "dead", None, "死亡", "dead"


class ContactMode(Term):
    """How a contact was made (本次随访形式); clinic and home are face-to-face (面访)."""

    CLINIC = "clinic", "1", "门诊", "clinic"
    HOME = "home", "2", "家庭访视", "home visit"
    PHONE = "phone", "3", "电话", "telephone"


class Seen(Term):
    """Whom the follow-up was held with (本次随访对象)."""

    PATIENT = "patient", "1", "患者本人", "patient"
    FAMILY = "family", "2", "患者家属、监护人", "family or guardian"
    INFORMANT = "informant", "3", "其他知情人", "another informant"


class Role(Term):
    """Who takes part in following up."""

    PREVENTION_DOCTOR = "prevention_doctor", None, "精防医生", "prevention doctor"
    PSYCHIATRIST = "psychiatrist", None, "精神科医师", "psychiatrist"
    CARE_GROUP = "care_group", None, "关爱帮扶小组", "care group"
    POLICE = "police", None, "民警", "police"
    VILLAGE_CADRE = "village_cadre", None, "村(居)干部", "village cadre"
    SOCIAL_WORKER = "social_worker", None, "社工", "social worker"
    FEDERATION_WORKER = "federation_worker", None, "残联专干", "federation worker"
    GUARDIAN = "guardian", None, "监护人", "guardian"
    COUNSELLOR = "counsellor", None, "心理咨询师", "counsellor"
    VOLUNTEER = "volunteer", None, "志愿者", "volunteer"
    # The three tiers of DG2025: experts of the city, full-time workers of the town, officers of the village.
    CITY_EXPERT = "city_expert", None, "市级专家", "city expert"
    TOWN_WORKER = "town_worker", None, "镇街专干", "town worker"
    VILLAGE_OFFICER = "village_officer", None, "村居专员", "village officer"


class Office(Term):
    """To whom a report goes besides the roles."""

    HIGHER_CENTRE = "higher_centre", None, "上级精防机构", "higher centre"
    MANAGEMENT_GROUP = "management_group", None, "综合管理小组", "management group"


class AreaLevel(Term):
    """How large an area is, the smallest first."""

    VILLAGE = "village", None, "村(居)", "village"
    TOWN = "town", None, "镇街", "town"
    CITY = "city", None, "市", "city"


class TeamKind(Term):
    """What a team is; the order is the one in which teams of an area are turned to (A).

    A crisis squad is police, prevention doctor and psychologist, at city and town level (DG2025). The pair of
    prevention doctor and psychologist stands in no text that was read (A).
    """

    CARE_GROUP = "care_group", None, "关爱帮扶小组", "care group"
    HEALTH_CENTRE = "health_centre", None, "社区卫生服务中心", "community health centre"
    DOCTOR_AND_PSYCHOLOGIST = (
        "doctor_and_psychologist", None, "精防医生与心理咨询师结对", "prevention doctor and psychologist"
    )  # fmt: skip
    MANAGEMENT_GROUP = "management_group", None, "综合管理小组", "management group"
    CRISIS_SQUAD = "crisis_squad", None, "应急处置队伍", "crisis squad"
    CITY_EXPERTS = "city_experts", None, "市级专家组", "city experts"


class Absence(Term):
    """Why no team answers for a patient on a day."""

    NO_TEAM = "no-team", None, "没有责任团队", "no team given"
    UNKNOWN = "team-unknown", None, "团队名册中没有", "team not in the directory"
    NOT_YET = "team-not-yet", None, "团队尚未成立", "team not founded yet"
    DISSOLVED = "team-dissolved", None, "团队已撤销", "team dissolved"


class Symptom(Term):
    """Present symptoms (目前症状)."""

    HALLUCINATION = "hallucination", "1", "幻觉", "hallucination"
    DIFFICULT_CONTACT = "difficult_contact", "2", "交流困难", "difficult to talk with"
    SUSPICION = "suspicion", "3", "猜疑", "suspicion"
    MOOD_SWINGS = "mood_swings", "4", "喜怒无常", "mood swings"
    ODD_BEHAVIOUR = "odd_behaviour", "5", "行为怪异", "odd behaviour"
    EXCITEMENT = "excitement", "6", "兴奋话多", "excitement"
    VIOLENCE = "violence", "7", "伤人毁物", "violence"
    DESPAIR = "despair", "8", "悲观厌世", "despair"
    WANDERING = "wandering", "9", "无故外走", "wandering"
    SELF_TALK = "self_talk", "10", "自语自笑", "talking to oneself"
    WITHDRAWAL = "withdrawal", "11", "孤僻懒散", "withdrawal"
    OTHER = "other", "12", "其他", "other"


class Insight(Term):
    """Insight into the illness (自知力)."""

    FULL = "full", "1", "自知力完全", "full"
    PARTIAL = "partial", "2", "自知力不全", "partial"
    ABSENT = "absent", "3", "自知力缺失", "absent"


class Function(Term):
    """The five social functions (社会功能情况)."""

    SELF_CARE = "self_care", None, "个人生活料理", "self-care"
    HOUSEWORK = "housework", None, "家务劳动", "housework"
    WORK = "work", None, "生产劳动及工作", "work"
    STUDY = "study", None, "学习能力", "study"
    CONTACT = "contact", None, "社会人际交往", "social contact"


class Grade(Term):
    """How good a social function is."""

    GOOD = "good", "1", "良好", "good"
    FAIR = "fair", "2", "一般", "fair"
    POOR = "poor", "3", "较差", "poor"


class Adherence(Term):
    """Taking medicine as prescribed (用药依从性)."""

    REGULAR = "regular", "1", "按医嘱规律用药", "regular"
    INTERMITTENT = "intermittent", "2", "间断用药", "intermittent"
    NONE = "none", "3", "不用药", "none"
    NOT_NEEDED = "not_needed", "4", "医嘱勿需用药", "not needed"


class Reaction(Term):
    """Adverse drug reaction (药物不良反应); the form says only whether there is one, not how severe."""

    NONE = "none", "1", "无", "none"
    PRESENT = "present", "2", "有", "present"
    SEVERE = "severe", None, "严重", "severe"


class Physical(Term):
    """Physical illness: stable (or none), or severe."""

    STABLE = "stable", None, "躯体疾病稳定", "stable"
    SEVERE = "severe", None, "严重躯体疾病", "severe"


class Diagnosis(Term):
    """The six diagnoses (六类) and any other; ICD-10 of the last two varies between systems, so it is no code here."""

    SCHIZOPHRENIA = "schizophrenia", None, "精神分裂症", "schizophrenia"
    SCHIZOAFFECTIVE = "schizoaffective", None, "分裂情感性障碍", "schizoaffective disorder"
    PARANOID = "paranoid", None, "偏执性精神病", "paranoid psychosis"
    BIPOLAR = "bipolar", None, "双相(情感)障碍", "bipolar disorder"
    EPILEPSY = "epilepsy", None, "癫痫所致精神障碍", "mental disorder due to epilepsy"
    INTELLECTUAL = "intellectual", None, "精神发育迟滞伴发精神障碍", "mental disorder with intellectual disability"
    OTHER = "other", None, "其他", "other"


class Sex(Term):
    """Sex, GB/T 2261.1."""

    UNKNOWN = "unknown", "0", "未知", "unknown"
    MALE = "male", "1", "男", "male"
    FEMALE = "female", "2", "女", "female"
    UNSTATED = "unstated", "9", "未说明", "not stated"


class LossReason(Term):
    """Why nobody was reached (若失访,原因); codes 1, 2, 3 and 5 are a loss, 4 is a failed attempt."""

    WORKING_AWAY = "working_away", "1", "外出务工", "working away"
    MOVED = "moved", "2", "迁居他处", "moved"
    MISSING = "missing", "3", "走失", "missing"
    NOT_REACHED = "not_reached", "4", "连续3次未访到", "not reached three times"
    OTHER = "other", "5", "其他", "other"


class DeathReason(Term):
    """Cause of death (死亡原因)."""

    ILLNESS = "illness", "1", "躯体疾病", "physical illness"
    SUICIDE = "suicide", "2", "自杀", "suicide"
    HOMICIDE = "homicide", "3", "他杀", "homicide"
    ACCIDENT = "accident", "4", "意外", "accident"
    COMPLICATION = "complication", "5", "精神疾病相关并发症", "complication of the mental illness"
    OTHER = "other", "6", "其他", "other"


class IncidentKind(Term):
    """What an emergency was (应急处置)."""

    SELF_HARM = "self_harm", None, "自伤自杀", "self-harm"
    DANGER = "danger", None, "危害他人", "danger to others"
    RELAPSE = "relapse", None, "病情明显加重", "relapse with marked worsening"
    DRUG_REACTION = "drug_reaction", None, "急性药物不良反应", "acute drug reaction"


class LineKind(Term):
    """What is due: the first three are follow-up lines, the others duties."""

    VISIT = "visit", None, "随访", "follow-up"
    FIRST_VISIT = "first-visit", None, "首次随访", "first follow-up"
    RETRY = "retry", None, "再次联系", "another attempt"
    REFERRAL = "referral", None, "转诊", "referral"
    REFERRAL_CHECK = "referral-check", None, "转诊结果追踪", "outcome of the referral"
    STATUS_CHECK = "status-check", None, "情况核实", "status check"
    REPORT = "report", None, "报告", "report"
    HEALTH_CHECK = "health-check", None, "健康体检", "health check"


class Anchor(Term):
    """The days from which a rule may count."""

    VISIT = "visit", None, "上次随访", "the last follow-up"
    BEGAN = "began", None, "本状态开始之日", "the day this state began"
    INFORMED = "informed", None, "本机构知悉之日", "the day the centre was informed"
    FIRST_MISSED = "first_missed", None, "首次未访到", "the first failed attempt"
    ADMITTED = "admitted", None, "入院", "the admission"
    DISCHARGED = "discharged", None, "出院", "the discharge"
    RELEASED = "released", None, "释放", "the release"
    FOUND = "found", None, "找到之日", "the day the patient was found"
    MOVED_IN = "moved_in", None, "迁入", "moving in"
    INCIDENT = "incident", None, "应急事件", "the incident"
    REFERRED = "referred", None, "转诊", "the referral"
    CHECKED = "checked", None, "上次体检", "the last health check"
    DONE = "done", None, "上次完成", "the last time it was done"
    PLANNED = "planned", None, "医生约定日期", "the doctor's own date"


class Direction(Term):
    """Where a change of policy moves a line."""

    EARLIER = "earlier", None, "提前", "earlier"
    LATER = "later", None, "推后", "later"
    NEW = "new", None, "新增", "new"
    ENDED = "ended", None, "终止", "ended"


class Silence(Term):
    """Why a rule that matches says nothing."""

    NOT_YET = "not_yet", None, "尚未施行", "not in force yet"
    ENDED = "ended", None, "已停止施行", "no longer in force"
    NO_ANCHOR = "no_anchor", None, "没有起算的记录", "nothing is recorded to count from"
    OVERTAKEN = "overtaken", None, "起算的日子在本状态之前已过", "its day had passed before this state began"
    SETTLED = "settled", None, "已完成", "settled"


class Bucket(Term):
    """The one bucket a registered person stands in on a day."""

    OVERDUE = "overdue", None, "已逾期", "overdue"
    DUE_TODAY = "due_today", None, "今日到期", "due today"
    OPEN = "open", None, "可随访", "open"
    NOT_DUE = "not_due", None, "未到期", "not due"
    SUSPENDED = "suspended", None, "暂停(住院或羁押)", "suspended"
    LOST = "lost", None, "失访", "lost"
    CLOSED = "closed", None, "已结案", "closed"


class Evidence(Term):
    """How well the source of a rule is known."""

    PUBLISHED = "published", None, "已公布并核对原文", "published, text read"
    EXCERPT = "excerpt", None, "见节录", "read in an excerpt"
    UNCONFIRMED = "unconfirmed", None, "未经核对", "unconfirmed"
    ASSUMPTION = "assumption", None, "假设，非规范原文", "an assumption, no norm's text"
