-- What a system is called is looked up by its latest agreement, for every overview and invoice.
CREATE INDEX agreement_system ON agreement (system_id, begun_at DESC, id);
