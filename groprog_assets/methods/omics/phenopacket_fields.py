"""The fields of GA4GH phenopackets 2.0: which may stand where, which are objects and which are lists.

Source: the protocol's documentation, https://phenopacket-schema.readthedocs.io/en/2.0.0/. What VRS puts below a variation, and
what is a table of a sender's own words, is not described here and may be anything.
"""

from __future__ import annotations

from typing import NamedTuple

DOCUMENTED = """
Phenopacket(id subject:Individual phenotypicFeatures:PhenotypicFeature* measurements:Measurement* biosamples:Biosample*
    interpretations:Interpretation* diseases:Disease* medicalActions:MedicalAction* files:File* metaData:MetaData)
Individual(id alternateIds* dateOfBirth:any timeAtLastEncounter:TimeElement vitalStatus:VitalStatus sex karyotypicSex
    gender:OntologyClass taxonomy:OntologyClass)
TimeElement(gestationalAge:GestationalAge age:Age ageRange:AgeRange ontologyClass:OntologyClass timestamp:any
    interval:TimeInterval)
GestationalAge(weeks days)
Age(iso8601duration)
AgeRange(start:Age end:Age)
OntologyClass(id label)
TimeInterval(start:any end:any)
VitalStatus(status timeOfDeath:TimeElement causeOfDeath:OntologyClass survivalTimeInDays)
PhenotypicFeature(description type:OntologyClass excluded severity:OntologyClass modifiers:OntologyClass* onset:TimeElement
    resolution:TimeElement evidence:Evidence*)
Evidence(evidenceCode:OntologyClass reference:ExternalReference)
ExternalReference(id reference description)
Measurement(description assay:OntologyClass value:Value complexValue:ComplexValue timeObserved:TimeElement
    procedure:Procedure)
Value(quantity:Quantity ontologyClass:OntologyClass)
Quantity(unit:OntologyClass value referenceRange:ReferenceRange)
ReferenceRange(unit:OntologyClass low high)
ComplexValue(typedQuantities:TypedQuantity*)
TypedQuantity(type:OntologyClass quantity:Quantity)
Procedure(code:OntologyClass bodySite:OntologyClass performed:TimeElement)
Biosample(id individualId derivedFromId description sampledTissue:OntologyClass sampleType:OntologyClass
    phenotypicFeatures:PhenotypicFeature* measurements:Measurement* taxonomy:OntologyClass timeOfCollection:TimeElement
    histologicalDiagnosis:OntologyClass tumorProgression:OntologyClass tumorGrade:OntologyClass
    pathologicalStage:OntologyClass pathologicalTnmFinding:OntologyClass* diagnosticMarkers:OntologyClass*
    procedure:Procedure files:File* materialSample:OntologyClass sampleProcessing:OntologyClass sampleStorage:OntologyClass)
File(uri individualToFileIdentifiers:any fileAttributes:any)
Interpretation(id progressStatus diagnosis:Diagnosis summary)
Diagnosis(disease:OntologyClass genomicInterpretations:GenomicInterpretation*)
GenomicInterpretation(subjectOrBiosampleId interpretationStatus gene:GeneDescriptor
    variantInterpretation:VariantInterpretation)
GeneDescriptor(valueId symbol description alternateIds* alternateSymbols* xrefs*)
VariantInterpretation(acmgPathogenicityClassification therapeuticActionability variationDescriptor:VariationDescriptor)
VariationDescriptor(id variation:any label description geneContext:GeneDescriptor expressions:Expression*
    vcfRecord:VcfRecord xrefs* alternateLabels* extensions:Extension* moleculeContext structuralType:OntologyClass
    vrsRefAlleleSeq allelicState:OntologyClass)
Expression(syntax value version)
VcfRecord(genomeAssembly chrom pos id ref alt qual filter info)
Extension(name value)
Disease(term:OntologyClass excluded onset:TimeElement resolution:TimeElement diseaseStage:OntologyClass*
    clinicalTnmFinding:OntologyClass* primarySite:OntologyClass laterality:OntologyClass)
MedicalAction(procedure:Procedure treatment:Treatment radiationTherapy:RadiationTherapy
    therapeuticRegimen:TherapeuticRegimen treatmentTarget:OntologyClass treatmentIntent:OntologyClass
    responseToTreatment:OntologyClass adverseEvents:OntologyClass* treatmentTerminationReason:OntologyClass)
Treatment(agent:OntologyClass routeOfAdministration:OntologyClass doseIntervals:DoseInterval* drugType
    cumulativeDose:Quantity)
DoseInterval(quantity:Quantity scheduleFrequency:OntologyClass interval:TimeInterval)
RadiationTherapy(modality:OntologyClass bodySite:OntologyClass dosage fractions)
TherapeuticRegimen(externalReference:ExternalReference ontologyClass:OntologyClass startTime:TimeElement endTime:TimeElement
    regimenStatus)
MetaData(created:any createdBy submittedBy resources:Resource* updates:Update* phenopacketSchemaVersion
    externalReferences:ExternalReference*)
Resource(id name url version namespacePrefix iriPrefix)
Update(timestamp:any updatedBy comment)
Family(id proband:Phenopacket relatives:Phenopacket* consanguinousParents pedigree:Pedigree files:File* metaData:MetaData)
Pedigree(persons:Person*)
Person(familyId individualId paternalId maternalId sex affectedStatus)
Cohort(id description members:Phenopacket* files:File* metaData:MetaData)
"""
"""Message(field field:Message field:Message* field*); * is a list, `any` is not described further."""


class Field(NamedTuple):
    """One field: the message that it holds (None for a value), whether it is a list, whether it may be anything."""

    below: Message | None
    repeated: bool
    anything: bool = False


class Message:
    """The fields of a message; `leaves`: names of those that hold one value each."""

    def __init__(self) -> None:
        self.fields: dict[str, Field] = {}
        self.leaves: frozenset[str] = frozenset()


def message(name: str) -> Message:
    """A message of the protocol by name; that of a field below is the same object wherever it stands."""
    return _MESSAGES[name]


def _read(text: str) -> dict[str, Message]:
    described: dict[str, list[str]] = {}
    for entry in " ".join(text.split()).split(")"):
        name, bracket, inside = entry.strip().partition("(")
        if bracket:
            described[name] = inside.split()
    found = {name: Message() for name in described}
    for name, listed in described.items():
        for item in listed:
            field, _, below = item.rstrip("*").partition(":")
            repeated = item.endswith("*")
            held = found[below] if below not in ("", "any") else None
            found[name].fields[field] = Field(held, repeated, below == "any")
        own = found[name].fields
        found[name].leaves = frozenset(name for name, field in own.items() if field == Field(None, False))
    return found


_MESSAGES = _read(DOCUMENTED)
